import Foundation

/// One program at a time on a store. Released when the value goes, or the process ends.
final class StoreLock: Sendable {
    private let descriptor: Int32

    /// Throws `MessengerError.storeInUse`.
    init(path: String) throws {
        descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw MessengerError.store("\(path) cannot be opened") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw MessengerError.storeInUse
        }
    }

    deinit { close(descriptor) }
}
