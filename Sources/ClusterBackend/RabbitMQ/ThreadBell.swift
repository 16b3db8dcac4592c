import Glibc
import MessengerCore

/// Wakes the one thread that waits for it, for a socket, or for both.
final class ThreadBell: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() {
        // Without a free descriptor both stay -1: the thread then wakes by its own limit alone.
        var ends: [Int32] = [-1, -1]
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        socketpair(AF_UNIX, Int32(kind), 0, &ends)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Rung while nobody waits, it ends the next wait at once. Rung twice is rung once.
    func ring() {
        var byte: UInt8 = 1
        write(writing, &byte, 1)
    }

    /// Returns when it was rung, when the socket can be read or has failed, when `limit` has passed, or sooner.
    func wait(orFor socket: Int32 = -1, atMost limit: Duration) {
        var events = [reading, socket].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&events, nfds_t(events.count), Int32(clamping: max(1, limit.milliseconds)))
        guard events[0].revents != 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { _ = read(reading, $0.baseAddress, $0.count) }
    }
}
