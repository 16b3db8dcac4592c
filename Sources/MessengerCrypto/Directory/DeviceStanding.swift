import KeyLog

/// What an account's states say of one of its devices.
public enum DeviceStanding: Hashable, Sendable {
    case current
    /// The first state without it has this number.
    case revoked(at: UInt32)
    /// No state lists it.
    case unknown
}
