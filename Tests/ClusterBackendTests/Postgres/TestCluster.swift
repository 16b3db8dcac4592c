import ClusterBackend
import Logging
import MessengerCore
import MessengerHTTP
import ServiceLifecycle
import TestSupport

/// Two listeners and two senders in this process, each wired as its program wires it, on one database.
struct TestCluster: Sendable {
    /// A client of each listener.
    let clients: [TestClient]
    let database: TestDatabase

    typealias MakeBroker = @Sendable (Cluster.Role, _ onHints: @escaping @Sendable (Hints) -> Void) throws -> any HintBroker

    static func run(broker: @escaping MakeBroker, _ body: @Sendable (TestCluster) async throws -> Void) async throws {
        try await TestDatabase.run { database in
            let ports = AsyncStream.makeStream(of: Int.self)
            var servers: [MessengerServer] = []
            for role in [Cluster.Role.listener, .listener, .sender, .sender] {
                servers.append(try await server(role, database, broker) { ports.continuation.yield($0) })
            }
            let group = ServiceGroup(services: servers, logger: TestDatabase.silent)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    defer { ports.continuation.finish() }
                    try await group.run()
                }
                // A sender says 0.
                let ready = await ports.stream.prefix(servers.count).reduce(into: []) { $0.append($1) }
                let clients = ready.filter { $0 > 0 }.map { TestClient("http://127.0.0.1:\($0)") }
                let result: Result<Void, any Error>
                do { result = .success(try await body(TestCluster(clients: clients, database: database))) } catch {
                    result = .failure(error)
                }
                for client in clients { await client.close() }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                try result.get()
            }
        }
    }

    private static func server(
        _ role: Cluster.Role, _ database: TestDatabase, _ broker: @escaping MakeBroker,
        onReady: @escaping @Sendable (Int) -> Void
    ) async throws -> MessengerServer {
        var made: Result<any HintBroker, any Error>?
        let cluster = try await Cluster.open(role, database: database.address, logger: TestDatabase.silent) { onHints in
            made = Result { try broker(role, onHints) }
            return (try? made?.get()) ?? SilentBroker()
        }
        _ = try made?.get()
        var settings = ServerSettings()
        settings.host = "127.0.0.1"
        settings.port = 0
        settings.certificateFolder = nil
        settings.rateLimit.perSecond = 0
        settings.callbackAllow = [IPRange("127.0.0.0/8")!]
        var substitutes = ServerSubstitutes()
        substitutes.passwordCost = .trivial
        substitutes.time = cluster.registration.timeSource
        let stores = try await Stores(cluster)
        return try MessengerServer(
            settings: settings, stores: stores, role: role == .listener ? .listener : .sender, substitutes: substitutes,
            logger: TestDatabase.silent
        ) { onReady($0) }
    }
}

extension Stores {
    /// What a process of the cluster works with.
    fileprivate init(_ cluster: Cluster) async throws {
        self.init(
            accounts: cluster.backend, inboxes: cluster.backend, callbacks: cluster.backend, signal: cluster.signal,
            presence: cluster.backend, keys: cluster.backend, blobs: cluster.backend,
            log: try await cluster.backend.openLog(now: cluster.registration.timeSource.now()),
            phoneKey: try await cluster.backend.secret(named: "phone", bytes: 32))
        services = cluster.services
        trustsSessionCache = { cluster.registration.knowsEndedSessions }
        mayPush = cluster.mayPush(to:)
    }
}
