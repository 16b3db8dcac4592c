import KeyLog

/// A group change whose author is known.
public struct VerifiedGroupChange: Hashable, Sendable {
    public let change: GroupChange
    public let hash: GroupChangeHash

    /// Nil unless a device of the author, by the author's chain, signed it.
    ///
    /// - Parameter chain: of the author's account. Whether a device that was removed meanwhile may still change a group is
    ///   the client's to decide: what arrives from it after the client knows is not applied.
    public init?(_ signed: Signed<GroupChange>, chain: AccountChain) {
        guard chain.account == signed.object.author, let certificate = chain.certificate(of: signed.object.device),
            chain.standing(of: signed.object.device) != .unknown,
            signed.isValid(by: certificate.deviceKey, server: chain.server)
        else { return nil }
        self.init(trusted: signed.object)
    }

    /// For who has verified it before and kept it.
    public init(trusted change: GroupChange) {
        self.change = change
        hash = GroupChangeHash(of: change)
    }
}
