import Foundation
import Synchronization

/// One program at a time on a store, until it is released or the process ends.
final class StoreLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Throws `MessengerError.storeInUse`.
    init(path: String) throws {
        let opened = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw MessengerError.store("\(path) cannot be opened") }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw MessengerError.storeInUse
        }
        descriptor = Mutex(opened)
    }

    /// May be called again. Unlocks before it closes: a process that is just being started has a copy of the descriptor until it
    /// becomes another program.
    func release() {
        descriptor.withLock { descriptor in
            if let open = descriptor {
                flock(open, LOCK_UN)
                close(open)
            }
            descriptor = nil
        }
    }

    deinit { release() }
}
