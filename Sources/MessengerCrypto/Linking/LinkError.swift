/// Why an answer cannot be sealed to a new device.
public enum LinkError: Error, Equatable, Sendable {
    /// The link key is none that can be sealed to.
    case wrongKey
}
