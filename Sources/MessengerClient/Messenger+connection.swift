import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// What lasts: the stream, the outbox, uploads, and the upkeep of log and keys.
extension Messenger {
    private static let upkeepInterval: Duration = .seconds(600)
    private static let longestOutboxPause: Duration = .seconds(60)

    func runConnection() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.runStream() }
            group.addTask { await self.runOutbox() }
            group.addTask { await self.runUpkeep() }
            group.addTask { await self.runExpiry() }
            group.addTask { await self.runUploads() }
            // Only the stream ends by itself.
            await group.next()
            group.cancelAll()
        }
    }

    private func runStream() async {
        var resumption = StreamResumption()
        while !Task.isCancelled {
            let (ending, worked) = await streamOnce()
            if worked { resumption.succeeded() }
            switch resumption.next(after: ending, random: .random(in: 0...1)) {
            case .stop(let error):
                if !Task.isCancelled { news.end(error) }
                return
            case .begin(let pause):
                feed.send(.disconnected(retryIn: pause))
                do { try await parts.clock.sleep(pause) } catch { return }
            }
        }
    }

    private func streamOnce() async -> (ending: StreamResumption.Ending, worked: Bool) {
        let reader = StreamReader { events in try await self.take(events) }
        do {
            try await prepare()
            try await finishBatch()
            let after = try await parts.store.storedThrough()
            feed.send(.connected)
            outboxNews.raise()
            try await parts.api.stream(after: after, token: try parts.profile.token()) { piece in try await reader.take(piece) }
            return (await reader.ending, await reader.worked)
        } catch {
            let ending = await reader.ending
            return (ending == .closed ? Self.ending(error) : ending, await reader.worked)
        }
    }

    private static func ending(_ error: any Error) -> StreamResumption.Ending {
        switch error {
        case let failure as APIFailure where failure.endsSession: .loggedOut
        case let failure as APIFailure: .failed(retryAfter: failure.retryAfter)
        case MessengerError.unreachable, MessengerError.server: .failed()
        case MessengerError.loggedOut: .loggedOut
        case let error as MessengerError: .disbelieved(error)
        default: .failed()
        }
    }

    private func take(_ events: [ServerEvent]) async throws {
        // Messages that come together are stored together.
        var together: [DeliveredMessage] = []
        for event in events {
            if case .message(let delivered) = event {
                together.append(delivered)
                continue
            }
            try await take(together)
            together = []
            switch event {
            case .message: break
            case .caughtUp: feed.send(.caughtUp)
            case .gap(let gap):
                try await inbox.skip(through: gap.to)
                feed.send(.missed(count: gap.to.rawValue - gap.from.rawValue + 1))
            case .replaced, .loggedOut, .closing: break
            }
        }
        try await take(together)
        if events.contains(where: { if case .message = $0 { true } else { false } }) { try await finishBatch() }
    }

    /// So many messages share a transaction: what a crash in the middle costs is to open them again.
    private static let storedAtOnce = 64

    /// Messages of the inbox, stored with what they oblige to.
    func take(_ delivered: [DeliveredMessage]) async throws {
        for start in stride(from: 0, to: delivered.count, by: Self.storedAtOnce) {
            let taken = try await inbox.take(Array(delivered[start..<min(start + Self.storedAtOnce, delivered.count)]))
            for stored in taken.stored { try await tell(stored) }
            if let failure = taken.failure { throw failure }
        }
    }

    private func tell(_ stored: StoredArrival) async throws {
        if stored.usedOneTimeKey { await keys.forgetCount() }
        if let position = stored.position {
            news.raise()
            feed.send(.arrived(position))
        }
        if let group = stored.changedGroup { feed.send(.groupChanged(group)) }
        if !stored.receipts.isEmpty { feed.send(.receipts(stored.receipts)) }
        if let sender = stored.sender, let person = try await directory.knownPerson(sender) {
            try await noticeDevices(of: person)
        }
        if stored.findings.contains(.log) { feed.send(.warning(EnvelopeCheck.log.description)) }
    }

    /// Destroyed keys leave no trace; then the server is told, and those to whom something is owed.
    func finishBatch() async throws {
        try await parts.store.forgetTraces()
        let through = try await parts.store.storedThrough()
        if through > .zero { try await parts.api.acknowledge(through: through, token: try parts.profile.token()) }
        try await settleObligations()
        try await settleGroups()
    }

    private func runOutbox() async {
        var pause = OutboxDecision.pause
        while !Task.isCancelled {
            let seen = outboxNews.version
            let round = await outboxRound()
            guard let round, round.waiting == 0 else {
                pause = min(max(pause * 2, round?.pause ?? pause), Self.longestOutboxPause)
                do { try await parts.clock.sleep(pause / 2 + pause / 2 * Double.random(in: 0...1)) } catch { return }
                continue
            }
            pause = OutboxDecision.pause
            await outboxNews.wait(after: seen)
        }
    }

    /// Nil when it failed as a whole; what the store says is told to whoever listens.
    private func outboxRound() async -> Outbox.Round? {
        do {
            let before = try await parts.store.outboxCount()
            let round = try await outbox.flush()
            if before != (try await parts.store.outboxCount()) { feed.send(.outboxChanged) }
            return round
        } catch let error as MessengerError {
            if case .store = error { feed.send(.warning(error.description)) }
            return nil
        } catch {
            return nil
        }
    }

    /// What fails is tried again the next time; what is wrong with the log ends the stream when that next looks at it.
    private func runUpkeep() async {
        while !Task.isCancelled {
            do { try await parts.clock.sleep(Self.upkeepInterval) } catch { return }
            do {
                try await prepare()
                try await settleObligations()
                try await settleGroups()
            } catch let error as MessengerError {
                feed.send(.warning(error.description))
            } catch {
                continue
            }
        }
    }
}
