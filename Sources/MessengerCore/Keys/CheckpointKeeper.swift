import MessengerAPI
import ServiceLifecycle

/// Keeps the newest checkpoint cosigned, so that clients can tell a log that stands still from one that is withheld. Of
/// several processes, whichever comes first does it.
public struct CheckpointKeeper: Service {
    static let interval = Duration.seconds(60)
    /// So that processes which started at different times do not do it for each other a moment too early.
    private static let slack = Duration.seconds(1)

    private let store: any KeyLogStore
    private let time: TimeSource
    private let outages: StoreOutages

    public init(store: any KeyLogStore, time: TimeSource, outages: StoreOutages) {
        self.store = store
        self.time = time
        self.outages = outages
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                do {
                    try await store.refreshCheckpoint(olderThan: Self.interval - Self.slack, now: time.now())
                } catch {
                    outages.failed("cosigning the key log", error)
                }
            } while (try? await time.sleep(Self.interval)) != nil
        }
    }
}
