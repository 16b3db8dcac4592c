import MessengerAPI
import Synchronization

/// The live streams of this process: at most one per device.
public final class LiveStreams: Sendable {
    private struct State {
        var byDevice: [DeviceID: StreamBell] = [:]
        var devicesOfUser: [UserID: Set<DeviceID>] = [:]
        var isClosing = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Registers a stream of the session's device and ends the one before it; but a session that an older login began ends
    /// itself, not the newer one's stream.
    public func attach(_ session: Session) -> StreamBell {
        let bell = StreamBell(session: session)
        let (older, isClosing) = state.withLock { state -> (StreamBell?, Bool) in
            if let newer = state.byDevice[session.device], newer.generation > session.generation {
                bell.end(.loggedOut)
                return (nil, false)
            }
            state.devicesOfUser[session.user, default: []].insert(session.device)
            return (state.byDevice.updateValue(bell, forKey: session.device), state.isClosing)
        }
        older?.end(.replaced)
        if isClosing { bell.end(.closing) }
        return bell
    }

    public func detach(_ bell: StreamBell) {
        state.withLock { state in
            guard state.byDevice[bell.device] === bell else { return }
            state.byDevice[bell.device] = nil
            state.devicesOfUser[bell.user]?.remove(bell.device)
            if state.devicesOfUser[bell.user]?.isEmpty == true { state.devicesOfUser[bell.user] = nil }
        }
    }

    public func isAttached(_ device: DeviceID) -> Bool { state.withLock { $0.byDevice[device] != nil } }

    public func attached(of user: UserID) -> Set<DeviceID> { state.withLock { $0.devicesOfUser[user] ?? [] } }

    /// Offers what was just committed, in that order, to the streams of its receivers.
    public func offer(_ stored: [InboxMessage]) {
        let offers = state.withLock { state in
            stored.flatMap { message in
                (state.devicesOfUser[message.receiver] ?? []).compactMap { device in
                    state.byDevice[device].map { (bell: $0, message: message) }
                }
            }
        }
        for offer in offers { offer.bell.offer(offer.message) }
    }

    public func ring(_ users: [UserID]) {
        let bells = state.withLock { state in
            users.flatMap { user in (state.devicesOfUser[user] ?? []).compactMap { state.byDevice[$0] } }
        }
        for bell in bells { bell.ringNews() }
    }

    public func end(_ devices: some Sequence<DeviceID>, _ reason: StreamBell.EndReason) {
        let bells = state.withLock { state in devices.compactMap { state.byDevice[$0] } }
        for bell in bells { bell.end(reason) }
    }

    /// Ends the streams of these sessions, not what the same devices have opened since.
    public func end(_ ended: [EndedSessions], _ reason: StreamBell.EndReason) {
        let bells = state.withLock { state in
            ended.compactMap { ended in state.byDevice[ended.device].flatMap { $0.generation < ended.before ? $0 : nil } }
        }
        for bell in bells { bell.end(reason) }
    }

    /// Ends the streams of these attachments, not what the same devices have opened since.
    func end(_ attachments: [StreamAttachment: StreamBell.EndReason]) {
        let bells = state.withLock { state in attachments.keys.compactMap { state.byDevice[$0.device] } }
        for bell in bells {
            if let reason = bell.attachment.flatMap({ attachments[$0] }) { bell.end(reason) }
        }
    }

    /// Ends every stream; new ones may come.
    public func endAll(_ reason: StreamBell.EndReason) { for bell in all { bell.end(reason) } }

    /// The attachments of these devices, or of all.
    func attachments(of devices: Set<DeviceID>? = nil) -> [StreamAttachment] {
        all.filter { devices?.contains($0.device) ?? true }.compactMap(\.attachment)
    }

    public func endAll(of user: UserID, _ reason: StreamBell.EndReason) {
        end(state.withLock { $0.devicesOfUser[user] ?? [] }, reason)
    }

    /// Ends every stream, and every later one at its start.
    public func close() {
        let bells = state.withLock { state in
            state.isClosing = true
            return Array(state.byDevice.values)
        }
        for bell in bells { bell.end(.closing) }
    }

    var all: [StreamBell] { state.withLock { Array($0.byDevice.values) } }
}
