/// What a server showed when it was asked who it is.
public struct PresentedCertificate: Hashable, Sendable {
    /// In DER: what a client pins.
    public let bytes: [UInt8]
    /// Whether an authority that this system knows vouches for it under the name that was asked for.
    public let isTrustedBySystem: Bool

    public var fingerprint: CertificateFingerprint { CertificateFingerprint(der: bytes) }
}
