import Logging
import MessengerCore
import ServiceLifecycle

/// Keeps this process registered, tells it what other processes did that it must know, and gives up what dead ones held.
struct NodeKeeper: Service {
    /// Ended sessions are kept for an hour: who has not read them for this long must not rely on the list.
    private static let longestGap = Duration.minutes(10)

    let role: Cluster.Role
    let registration: NodeRegistration
    let backend: PostgresBackend
    let broker: any HintBroker
    /// Sessions that ended in transactions from this one on may be in a cache here.
    let endedSessionsStart: String
    let tell: @Sendable (InboxNews) -> Void
    let time: TimeSource
    let outages: StoreOutages
    let logger: Logger

    /// The first registration: throws `StoreError` when there is none.
    func register() async throws {
        let start = time.uptime()
        let (node, databaseTime) = try await backend.register(role.rawValue)
        registration.renewed(node, at: start, databaseTime: databaseTime)
        broker.listen(as: node)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await renew() }
                group.addTask { await retireDead() }
                group.addTask { await followEndedSessions() }
            }
        }
        // What a failure leaves, the end of the lease gives up.
        if let node = registration.id { try? await backend.retire(node) }
        registration.lost()
    }

    private func renew() async {
        while (try? await time.sleep(NodeRegistration.renewal)) != nil {
            do {
                try await renewOnce()
                outages.succeeded()
            } catch {
                outages.failed("renewing the registration", error)
            }
        }
    }

    private func renewOnce() async throws {
        let start = time.uptime()
        if let node = registration.lastID, let renewal = try await backend.renew(node) {
            registration.renewed(node, at: start, databaseTime: renewal.databaseTime)
            if renewal.hasFreeCallbacks, role == .sender { tell(.callbacksFree) }
            return
        }
        if registration.lastID != nil {
            registration.lost()
            logger.warning("Other processes have taken this one for dead; it registers anew")
            tell(.lostTouch)
        }
        try await register()
    }

    /// Beside the renewal, which it must not delay.
    private func retireDead() async {
        while (try? await time.sleep(NodeRegistration.renewal)) != nil {
            do {
                try await backend.finishDetachments()
                guard registration.mayJudge else { continue }
                for node in try await backend.retireDead() {
                    logger.notice("What another process held is given up", metadata: ["node": "\(node)"])
                    if role == .sender { tell(.callbacksFree) }
                }
            } catch {
                logger.debug("Could not look for dead processes", metadata: ["error": "\(error)"])
            }
        }
    }

    private func followEndedSessions() async {
        var next = endedSessionsStart
        while !Task.isCancelled {
            do {
                let start = time.uptime()
                let read = try await backend.endedSessions(from: next)
                next = read.next
                if !read.ended.isEmpty { tell(.sessionsEnded(read.ended)) }
                if registration.readEndedSessions(at: start) > Self.longestGap { tell(.lostTouch) }
            } catch {
                logger.debug("Could not read which sessions ended", metadata: ["error": "\(error)"])
            }
            guard (try? await time.sleep(NodeRegistration.endedSessionsInterval)) != nil else { return }
        }
    }
}
