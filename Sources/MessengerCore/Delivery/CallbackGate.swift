import DequeModule
import Synchronization

/// Lets a few exchanges with one destination go on at once; who comes later waits for a turn, in order. A device gives its
/// turn up while its acknowledgement is being written, so that a slow disk does not keep a fast destination waiting.
final class CallbackGate: Sendable {
    static let maximumPerDestination = 8

    private struct Queue {
        var underWay = 0
        var waiting: Deque<CheckedContinuation<Void, Never>> = []
    }

    private let queues = Mutex<[String: Queue]>([:])

    /// Returns when it is this exchange's turn; `leave` must follow, whether the task was cancelled or not.
    func enter(_ destination: String) async {
        await withCheckedContinuation { continuation in
            let isTurn = queues.withLock { queues in
                if queues[destination, default: Queue()].underWay < Self.maximumPerDestination {
                    queues[destination, default: Queue()].underWay += 1
                    return true
                }
                queues[destination]!.waiting.append(continuation)
                return false
            }
            if isTurn { continuation.resume() }
        }
    }

    func leave(_ destination: String) {
        let next = queues.withLock { queues -> CheckedContinuation<Void, Never>? in
            if let next = queues[destination]!.waiting.popFirst() { return next }
            queues[destination]!.underWay -= 1
            if queues[destination]!.underWay == 0 { queues[destination] = nil }
            return nil
        }
        next?.resume()
    }
}
