import MessengerAPI
import MessengerCore
import Synchronization

/// Which devices this process may push to, of those that it has taken over: not to one whose stream a hint told of, nor to one
/// that it gives up. It gives none up while a push of its own may be under way, so that nobody else pushes beside it.
final class PushTurns: Sendable {
    /// Longer than a push takes.
    private static let longestPush = CallbackRequest.timeout + .seconds(1)

    private struct State {
        var paused: Set<DeviceID> = []
        /// When the latest push to each device began, as far as it may still be under way.
        var pushes: [DeviceID: Duration] = [:]
    }

    private let uptime: @Sendable () -> Duration
    private let state = Mutex(State())

    init(uptime: @escaping @Sendable () -> Duration = TimeSource.system.uptime) { self.uptime = uptime }

    /// Whether a push to the device may begin; it then does.
    func begin(_ device: DeviceID) -> Bool {
        let now = uptime()
        return state.withLock { state in
            if state.paused.contains(device) { return false }
            state.pushes[device] = now
            return true
        }
    }

    /// No push to these devices begins until they are taken over again.
    func pause(_ devices: Set<DeviceID>) {
        if !devices.isEmpty { state.withLock { $0.paused.formUnion(devices) } }
    }

    /// The same for those of the devices to which no push can be under way, and these.
    func giveUp(_ devices: [DeviceID]) -> [DeviceID] {
        let now = uptime()
        return state.withLock { state in
            state.pushes = state.pushes.filter { now - $0.value < Self.longestPush }
            let free = devices.filter { state.pushes[$0] == nil }
            state.paused.formUnion(free)
            return free
        }
    }

    func takeOver(_ devices: [DeviceID]) { state.withLock { $0.paused.subtract(devices) } }
}
