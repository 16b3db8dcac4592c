import ServiceLifecycle

/// Ends the process when something fails that it must not outlive: as a service, it throws the first failure.
public final class FailureLatch: Service {
    private let failures: AsyncStream<any Error>
    private let continuation: AsyncStream<any Error>.Continuation

    public init() { (failures, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    public func fail(_ error: any Error) { continuation.yield(error) }

    public func run() async throws {
        for await failure in failures.cancelOnGracefulShutdown() { throw failure }
    }
}
