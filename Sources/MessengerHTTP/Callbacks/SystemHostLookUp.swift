import Dispatch
import Foundation
import MessengerCore
import NIOCore
import Synchronization

/// Asks the system's resolver, on a few threads of its own: name servers that do not answer hold up nothing else.
final class SystemHostLookUp: HostLookUp {
    /// Finds a name's first address, blocking.
    typealias Resolve = @Sendable (_ host: String, _ port: Int) throws -> SocketAddress

    /// Whoever waits for this is a client that logs in.
    private static let patience = TimeAmount.seconds(1)
    private static let threads = 4
    private static let maximumWaiting = 16

    private let resolve: Resolve
    private let loops: any EventLoopGroup
    private let queue: OperationQueue
    private let waiting = Mutex(0)

    init(loops: any EventLoopGroup, resolve: @escaping Resolve) {
        self.loops = loops
        self.resolve = resolve
        queue = OperationQueue()
        queue.maxConcurrentOperationCount = Self.threads
        queue.qualityOfService = .utility
    }

    func address(of host: String, port: Int) async -> IPAddress? {
        guard admit() else { return nil }
        let loop = loops.next()
        let answer = loop.makePromise(of: IPAddress?.self)
        // Whichever is first counts.
        let deadline = loop.scheduleTask(in: Self.patience) { answer.succeed(nil) }
        queue.addOperation {
            answer.succeed((try? self.resolve(host, port))?.ipAddress.flatMap { IPAddress($0) })
            self.waiting.withLock { $0 -= 1 }
        }
        defer { deadline.cancel() }
        return try? await answer.futureResult.get()
    }

    private func admit() -> Bool {
        waiting.withLock { count in
            guard count < Self.maximumWaiting else { return false }
            count += 1
            return true
        }
    }
}
