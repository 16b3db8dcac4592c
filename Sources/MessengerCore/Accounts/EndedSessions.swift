import MessengerAPI

/// Logins of one device that are over, said by another process: maybe late, so it names the first that it does not concern.
public struct EndedSessions: Equatable, Sendable {
    public let device: DeviceID
    /// Sessions of an older generation have ended.
    public let before: Int64

    public init(device: DeviceID, before: Int64) {
        self.device = device
        self.before = before
    }
}
