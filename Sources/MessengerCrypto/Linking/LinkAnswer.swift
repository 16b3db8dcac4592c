import KeyLog

/// What the old device tells the new one: of which account it is now. Account 32 and first seq u32, sealed as `LinkSeal` says.
public struct LinkAnswer: Hashable, Sendable {
    public let account: AccountID
    /// The state that lists the new device first.
    public let firstSeq: UInt32

    public init(account: AccountID, firstSeq: UInt32) {
        self.account = account
        self.firstSeq = firstSeq
    }

    /// Throws when the link key cannot be sealed to.
    public func sealed(for bundle: LinkBundle, code: LinkCode) throws -> [UInt8] {
        var plain = account.bytes
        plain.append(bigEndian: firstSeq)
        return try LinkSeal.seal(plain, for: bundle, code: code, .answer)
    }

    /// Nil when it was not made for this code and key.
    public init?(sealed: [UInt8], linkKey: KEMPrivateKey, code: LinkCode) {
        guard let plain = LinkSeal.open(sealed, linkKey: linkKey, code: code, .answer) else { return nil }
        var reader = ByteReader(plain)
        guard let account = try? reader.fixed(AccountID.self), let seq = try? reader.integer(UInt32.self), reader.remaining == 0
        else { return nil }
        self.init(account: account, firstSeq: seq)
    }
}
