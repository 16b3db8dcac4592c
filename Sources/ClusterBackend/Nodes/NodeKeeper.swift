import Logging
import MessengerCore
import ServiceLifecycle

/// Keeps this process registered, tells it what other processes did that it must know, and gives up what dead ones held.
struct NodeKeeper: Service {
    /// Ended sessions are kept for an hour: who has not read them for this long must not rely on the list.
    private static let longestGap = Duration.minutes(10)

    let role: String
    let registration: NodeRegistration
    let backend: PostgresBackend
    let broker: any HintBroker
    let tell: @Sendable (InboxNews) -> Void
    let time: TimeSource
    let logger: Logger

    /// The first registration: throws `StoreError` when there is none.
    func register() async throws {
        let start = time.uptime()
        let (node, databaseTime) = try await backend.register(role)
        registration.renewed(node, at: start, databaseTime: databaseTime)
        broker.listen(as: node)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await renew() }
                group.addTask { await followEndedSessions() }
            }
        }
        // What a failure leaves, the end of the lease gives up.
        if let node = registration.id { try? await backend.retire(node) }
        registration.lost()
    }

    private func renew() async {
        // Who has just come back from an outage of the database does not judge the others before they could renew.
        var aliveSince = time.uptime()
        while (try? await time.sleep(NodeRegistration.renewal)) != nil {
            do {
                let start = time.uptime()
                if try await !renewOnce(at: start) { aliveSince = start }
                if start - aliveSince >= NodeRegistration.lease {
                    for node in try await backend.retireDead() {
                        logger.warning("Another process did not renew its registration", metadata: ["node": "\(node)"])
                        if role == "sender" { tell(.callbacksFree) }
                    }
                }
            } catch {
                aliveSince = time.uptime()
                logger.warning("Could not renew the registration", metadata: ["error": "\(error)"])
            }
        }
    }

    /// False when the registration had run out.
    private func renewOnce(at start: Duration) async throws -> Bool {
        let wasAlive = registration.id
        if let node = registration.lastID, let renewal = try await backend.renew(node) {
            registration.renewed(node, at: start, databaseTime: renewal.databaseTime)
            if renewal.hasFreeCallbacks, role == "sender" { tell(.callbacksFree) }
            return wasAlive != nil
        }
        registration.lost()
        logger.warning("Other processes have taken this one for dead; it registers anew")
        tell(.lostTouch)
        try await register()
        return false
    }

    private func followEndedSessions() async {
        var next: String?
        while !Task.isCancelled {
            do {
                let start = time.uptime()
                // The first read only learns where to begin: nothing is cached yet.
                let ended = try await backend.endedSessions(from: next ?? "18446744073709551615")
                next = ended.next
                if !ended.devices.isEmpty { tell(.sessionsEnded(ended.devices)) }
                if registration.readEndedSessions(at: start) > Self.longestGap { tell(.lostTouch) }
            } catch {
                logger.debug("Could not read which sessions ended", metadata: ["error": "\(error)"])
            }
            guard (try? await time.sleep(NodeRegistration.endedSessionsInterval)) != nil else { return }
        }
    }
}
