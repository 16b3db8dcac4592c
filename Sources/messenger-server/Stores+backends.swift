import ClusterBackend
import MessengerCore
import MessengerHTTP
import SQLiteBackend

/// Names the key that phone numbers are kept under.
private let phoneSecret = (name: "phone", bytes: 32)

extension Stores {
    init(_ backend: SQLiteBackend) async throws {
        self.init(
            accounts: backend, inboxes: backend, callbacks: backend, signal: LocalSignal(),
            presence: LocalPresence(accounts: backend), keys: backend, blobs: backend,
            log: try await backend.openLog(now: TimeSource.system.now()),
            phoneKey: try await backend.secret(named: phoneSecret.name, bytes: phoneSecret.bytes))
    }

    init(_ cluster: Cluster) async throws {
        let (backend, registration, broker) = (cluster.backend, cluster.registration, cluster.broker)
        self.init(
            accounts: backend, inboxes: backend, callbacks: backend, signal: cluster.signal, presence: backend,
            keys: backend, blobs: backend, log: try await backend.openLog(now: registration.timeSource.now()),
            phoneKey: try await backend.secret(named: phoneSecret.name, bytes: phoneSecret.bytes))
        services = cluster.services
        outages = cluster.outages
        trustsSessionCache = { registration.knowsEndedSessions }
        mayPush = { cluster.mayPush(to: $0) }
        readiness = { Readiness(database: backend.isReachable, broker: broker.isConnected) }
    }
}
