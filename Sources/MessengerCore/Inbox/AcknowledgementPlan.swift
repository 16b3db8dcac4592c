import MessengerAPI

/// A device as an `AcknowledgementPlan` sees it: nobody else can change it before the commit.
public struct DeviceState: Sendable {
    public let user: UserID
    public let generation: Int64
    /// The newest message ever of the user's inbox.
    public let head: MessageNumber
    public fileprivate(set) var cursor: MessageNumber
    /// Whether a callback's answer is among what raised the cursor: the address works again.
    public fileprivate(set) var isReached = false
    /// The last sign of the client itself among what raised the cursor.
    public fileprivate(set) var seen: Timestamp?

    public init(user: UserID, generation: Int64, head: MessageNumber, cursor: MessageNumber) {
        self.user = user
        self.generation = generation
        self.head = head
        self.cursor = cursor
    }
}

/// Decides acknowledgements one after another and collects which devices are to be written, each once. The same for every
/// store.
public struct AcknowledgementPlan {
    private var devices: [DeviceID: DeviceState] = [:]
    private var raised: Set<DeviceID> = []

    public init() {}

    /// Devices whose cursors rose, with what is to be written.
    public var changed: [(id: DeviceID, state: DeviceState)] { raised.sorted().map { ($0, devices[$0]!) } }

    /// - Parameter device: looks the device up; called once for each.
    public mutating func add(
        _ acknowledgement: Acknowledgement, device: (DeviceID) throws -> DeviceState?
    ) rethrows -> AcknowledgementOutcome {
        let id = acknowledgement.device
        guard var state = try devices[id] ?? device(id) else { return .superseded }
        defer { devices[id] = state }
        guard state.generation == acknowledgement.generation else { return .superseded }
        guard acknowledgement.through <= state.head else { return .ahead(head: state.head) }
        if acknowledgement.through > state.cursor {
            state.cursor = acknowledgement.through
            raised.insert(id)
            if acknowledgement.byCallback { state.isReached = true }
        }
        if !acknowledgement.byCallback { state.seen = max(state.seen ?? acknowledgement.now, acknowledgement.now) }
        return .cursor(state.cursor)
    }
}
