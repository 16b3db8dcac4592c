import Logging
import MessengerAPI
import MessengerCore
import ServiceLifecycle

/// One process of a scaled-out installation: its way to the database, the broker and the other processes.
public struct Cluster: Sendable {
    public enum Role: String, Sendable { case listener, sender }

    public let backend: PostgresBackend
    public let signal: any InboxSignal
    public let registration: NodeRegistration
    public let broker: any HintBroker
    public let outages: StoreOutages
    /// What keeps this process in touch with the others; to be started before what relies on it, and stopped after.
    public let services: [any Service]

    /// Connects and registers. Throws `PostgresBackend.OpenError` or `StoreError` when the database cannot be used; the broker
    /// may be away.
    /// - Parameter broker: made with what it is to call when hints come.
    public static func open(
        _ role: Role, database: PostgresAddress, limits: InboxLimits = InboxLimits(), time: TimeSource = .system, logger: Logger,
        broker: (_ onHints: @escaping @Sendable (Hints) -> Void) -> any HintBroker
    ) async throws -> Cluster {
        let registration = NodeRegistration(uptime: time.uptime)
        let outages = StoreOutages(uptime: time.uptime, logger: logger)
        let backend = try await PostgresBackend.open(
            database, limits: limits, node: { registration.id }, outages: outages, logger: logger)
        let incoming = LocalSignal()
        let broker = broker { hints in
            if role == .sender { backend.turns.pause(hints.moved) }
            incoming.tell(.hints(hints))
        }
        backend.onHints(broker.send)
        let signal = ClusterSignal(local: incoming, send: broker.send)
        do {
            let keeper = NodeKeeper(
                role: role, registration: registration, backend: backend, broker: broker,
                // Sessions that ended before this are not in any cache here.
                endedSessionsStart: try await backend.endedSessions().next, tell: incoming.tell, time: time, outages: outages,
                logger: logger)
            try await keeper.register()
            return Cluster(
                backend: backend, signal: signal, registration: registration, broker: broker, outages: outages,
                services: [keeper, broker])
        } catch {
            backend.close()
            throw error
        }
    }

    /// Whether this process is the one that pushes to the device, now. To be asked before each push, which then begins.
    public func mayPush(to device: DeviceID) -> Bool { registration.mayPush && backend.turns.begin(device) }
}
