/// Whether this device belongs to its account.
public enum Standing: Sendable, Hashable {
    case certified
    /// Another device must certify it, or the recovery secret.
    case waitingForLink
    case revoked
}
