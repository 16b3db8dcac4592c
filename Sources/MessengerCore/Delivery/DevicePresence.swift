import MessengerAPI

/// What other processes must know of a device: where its live stream is, and that it gave a sign.
public protocol DevicePresence: Sendable {
    /// The device's stream is here from now on, and ends wherever it was before. Nil when the session has ended, or is not
    /// its device's newest login any more. Throws `StoreError`.
    func attach(_ session: Session) async throws -> StreamAttachment?
    /// The stream is here no more. Nothing happens when the device's stream has moved meanwhile. A failure is not told: it is
    /// tried again until it is done.
    func detach(_ attachment: StreamAttachment) async
    /// Those of the attachments that hold no more, and why: `replaced`, `loggedOut`, or `closing` when this process was taken
    /// for dead and the device has no stream anywhere.
    func lost(_ attachments: [StreamAttachment]) async throws -> [StreamAttachment: StreamBell.EndReason]
    /// The devices gave a sign: their callbacks are to be tried at once, wherever that is done.
    func sign(of devices: [DeviceID]) async throws
}

/// A device's stream in this process, until another one takes over.
public struct StreamAttachment: Hashable, Sendable {
    public let user: UserID
    public let device: DeviceID
    /// Tells it from every other attachment of the device.
    public let epoch: Int64

    public init(user: UserID, device: DeviceID, epoch: Int64) {
        self.user = user
        self.device = device
        self.epoch = epoch
    }
}

/// The presence of devices where there is one process: `LiveStreams` knows all of it.
public struct LocalPresence: DevicePresence {
    private let accounts: any AccountStore

    public init(accounts: any AccountStore) { self.accounts = accounts }

    public func attach(_ session: Session) async throws -> StreamAttachment? {
        // Its age was looked at a moment ago.
        guard try await accounts.session(session.token, now: session.lastUsed) != nil else { return nil }
        return StreamAttachment(user: session.user, device: session.device, epoch: session.generation)
    }

    public func detach(_ attachment: StreamAttachment) async {}
    public func lost(_ attachments: [StreamAttachment]) async throws -> [StreamAttachment: StreamBell.EndReason] { [:] }
    public func sign(of devices: [DeviceID]) async throws {}
}
