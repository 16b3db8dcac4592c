import MessengerAPI
import Synchronization

/// Devices that a hint says are not to be pushed to: until this process takes them over again.
final class PausedDevices: Sendable {
    private let devices = Mutex<Set<DeviceID>>([])

    func contains(_ device: DeviceID) -> Bool { devices.withLock { $0.contains(device) } }
    func insert(_ moved: Set<DeviceID>) {
        if !moved.isEmpty { devices.withLock { $0.formUnion(moved) } }
    }
    func remove(_ due: [DeviceID]) { devices.withLock { $0.subtract(due) } }
}
