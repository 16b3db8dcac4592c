import MessengerAPI
import ServiceLifecycle

/// Looks after the live streams: keeps them alive while nothing comes, polls so that a lost signal costs seconds, writes
/// down that their sessions are in use, and ends them when the server stops.
public struct StreamKeeper: Service {
    /// Below the 20 s that clients are promised, so that a busy server still keeps the promise.
    static let keepAliveInterval = Duration.seconds(15)
    static let pollInterval = Duration.seconds(5)

    private let streams: LiveStreams
    private let inboxes: any InboxStore
    private let accounts: any AccountStore
    private let presence: any DevicePresence
    private let time: TimeSource
    private let polls: Bool
    private let outages: StoreOutages
    /// Hints that wait to be looked up; what does not fit, the poll finds.
    private let moves = AsyncStream.makeStream(of: Set<DeviceID>.self, bufferingPolicy: .bufferingNewest(1_000))

    /// - Parameter polls: false switches the poll off, so that a test sees lost signals.
    public init(
        streams: LiveStreams, inboxes: any InboxStore, accounts: any AccountStore, presence: any DevicePresence,
        time: TimeSource, polls: Bool, outages: StoreOutages
    ) {
        self.streams = streams
        self.inboxes = inboxes
        self.accounts = accounts
        self.presence = presence
        self.time = time.undisturbed
        self.polls = polls
        self.outages = outages
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await every(Self.keepAliveInterval) { for bell in streams.all { bell.ringQuiet() } } }
                group.addTask { await every(Session.refreshInterval, refreshSessions) }
                group.addTask { await followMoves() }
                if polls { group.addTask { await poll() } }
            }
        }
        streams.close()
    }

    private func every(_ interval: Duration, _ work: @Sendable () async -> Void) async {
        while (try? await time.sleep(interval)) != nil { await work() }
    }

    private func refreshSessions() async {
        do {
            try await accounts.refresh(streams.all.map(\.token), now: time.now())
        } catch {
            outages.failed("writing down which sessions are in use", error)
        }
    }

    private func poll() async {
        var known: [UserID: MessageNumber] = [:]
        while (try? await time.sleep(Self.pollInterval)) != nil {
            do {
                let heads = try await inboxes.heads(of: Array(Set(streams.all.map(\.user))))
                streams.ring(heads.filter { known[$0.key] != $0.value }.map(\.key))
                known = heads
                try await endLost(streams.attachments())
            } catch {
                outages.failed("polling the inboxes", error)
            }
        }
    }

    /// Another process says that the streams of these devices have moved. It is looked up: what it says may be old.
    public func moved(_ devices: Set<DeviceID>) { moves.continuation.yield(devices) }

    private func followMoves() async {
        for await devices in moves.stream {
            do {
                try await endLost(streams.attachments(of: devices))
            } catch {
                outages.failed("looking up where streams are", error)
            }
        }
    }

    private func endLost(_ attachments: [StreamAttachment]) async throws {
        guard !attachments.isEmpty else { return }
        streams.end(try await presence.lost(attachments))
    }
}
