import Logging
import MessengerAPI
import ServiceLifecycle

/// Drops what is no longer needed, in small batches beside the work.
public struct Housekeeper: Service {
    static let interval = Duration.seconds(1)
    static let batch = 500
    /// No device goes before the store has answered for so long: while there was no server, or nothing to read or write, nobody
    /// tried its address. It is enough for a few attempts (`RetryPause`).
    static let trial = Duration.hours(1)

    private let store: any InboxStore
    private let onAbandoned: @Sendable ([DeviceID]) -> Void
    private let messageTTL: Duration
    private let time: TimeSource
    private let outages: StoreOutages
    private let logger: Logger

    /// - Parameter onAbandoned: told which devices have gone.
    public init(
        store: any InboxStore, messageTTL: Duration, time: TimeSource, outages: StoreOutages, logger: Logger,
        onAbandoned: @escaping @Sendable ([DeviceID]) -> Void
    ) {
        self.store = store
        self.onAbandoned = onAbandoned
        self.messageTTL = messageTTL
        self.time = time
        self.outages = outages
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            let clock = ClockWatch(time)
            var hasJumped = false
            var trialStart = time.uptime()
            while (try? await time.sleep(Self.interval)) != nil {
                let jump = clock.jump
                if jump != .zero, !hasJumped {
                    logger.warning(
                        "The clock has jumped; nothing expires until it is back, or until a restart",
                        metadata: ["seconds": "\(Int(jump.inSeconds))"])
                }
                hasJumped = jump != .zero
                let hasSwept = await sweep(expires: !hasJumped, endsDevices: time.uptime() - trialStart >= Self.trial)
                if !hasSwept { trialStart = time.uptime() }
            }
        }
    }

    /// Whether the store has done it.
    private func sweep(expires: Bool, endsDevices: Bool) async -> Bool {
        let now = time.now()
        do {
            var hasMore = true
            while hasMore, !Task.isCancelled {
                let outcome = try await store.sweep(
                    Sweep(
                        now: now, expireBefore: expires ? now - messageTTL : nil, endsDevices: endsDevices, limit: Self.batch))
                if outcome.expired > 0 { logger.info("Messages expired", metadata: ["count": "\(outcome.expired)"]) }
                for device in outcome.abandonedDevices {
                    logger.notice("A device whose callbacks failed for a week has gone", metadata: ["device": "\(device)"])
                }
                if !outcome.abandonedDevices.isEmpty { onAbandoned(outcome.abandonedDevices) }
                hasMore = outcome.hasMore
            }
            outages.succeeded()
            return true
        } catch {
            outages.failed("housekeeping", error)
            return false
        }
    }
}
