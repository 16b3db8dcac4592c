/// Which certificate a client takes for the server's.
public enum ServerTrust: Sendable, Hashable {
    /// One that the system's roots vouch for, for the host's name.
    case system
    /// Exactly this one (DER), whatever names it carries: a self-signed certificate whose fingerprint a person has compared.
    case pinned(certificate: [UInt8])
}
