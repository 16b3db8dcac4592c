import ServiceLifecycle

/// Says once that everything before it has been started.
struct ReadyService: Service {
    let onReady: @Sendable () async -> Void

    func run() async throws {
        await onReady()
        try await gracefulShutdown()
    }
}
