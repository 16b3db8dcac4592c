import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// What lasts: the stream, the outbox, and the upkeep of log and keys.
extension Messenger {
    private static let upkeepInterval: Duration = .seconds(600)
    private static let longestOutboxPause: Duration = .seconds(60)
    private static let receiptsAtOnce = 200

    func runConnection() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.runStream() }
            group.addTask { await self.runOutbox() }
            group.addTask { await self.runUpkeep() }
            group.addTask { await self.runExpiry() }
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
        for event in events {
            switch event {
            case .message(let delivered): try await take(delivered)
            case .caughtUp: feed.send(.caughtUp)
            case .gap(let gap):
                try await inbox.skip(through: gap.to)
                feed.send(.missed(count: gap.to.rawValue - gap.from.rawValue + 1))
            case .replaced, .loggedOut, .closing: break
            }
        }
        if events.contains(where: { if case .message = $0 { true } else { false } }) { try await finishBatch() }
    }

    /// One message of the inbox, stored; what it asks for is done or put into the outbox.
    func take(_ delivered: DeliveredMessage) async throws {
        guard let stored = try await inbox.take(delivered) else { return }
        if stored.usedOneTimeKey { await keys.forgetCount() }
        if let position = stored.position {
            news.raise()
            feed.send(.arrived(position))
        }
        if let group = stored.changedGroup { feed.send(.groupChanged(group)) }
        if !stored.receipts.isEmpty { feed.send(.receipts(stored.receipts)) }
        if stored.findings.contains(.log) { feed.send(.warning(EnvelopeCheck.log.description)) }
        if let asked = stored.asked { try await answer(asked) }
        if let unopened = stored.unopened { await ask(for: unopened, from: delivered.senderUsername) }
    }

    /// Destroyed keys leave no trace; then the server is told, and the senders.
    func finishBatch() async throws {
        try await parts.store.forgetTraces()
        let through = try await parts.store.storedThrough()
        if through > .zero { try await parts.api.acknowledge(through: through, token: try parts.profile.token()) }
        let owed = try await parts.store.takeOwedReceipts(limit: Self.receiptsAtOnce)
        for (peer, hashes) in owed { _ = try? await enqueue(.receipt(delivered: hashes), to: peer) }
        if !owed.isEmpty { outboxNews.raise() }
        try await settleGroups()
    }

    private func answer(_ asked: AskedAgain) async throws {
        guard let person = try await directory.knownPerson(asked.account),
            person.chain.standing(of: asked.device) == .current
        else { return }
        let isAnswered = try await parts.store.answer(
            asked.envelope, for: asked.device, of: asked.account, named: asked.peer, now: parts.clock.now())
        if isAnswered { outboxNews.raise() }
    }

    /// A question that cannot be put is none that must be.
    private func ask(for envelope: EnvelopeHash, from sender: String) async {
        guard (try? await enqueue(.askAgain(envelope), to: sender)) != nil else { return }
        outboxNews.raise()
    }

    private func runOutbox() async {
        var pause = OutboxDecision.pause
        while !Task.isCancelled {
            let seen = outboxNews.version
            let before = try? await parts.store.outboxCount()
            let round = try? await outbox.flush()
            if before != (try? await parts.store.outboxCount()) { feed.send(.outboxChanged) }
            guard let round, round.waiting == 0 else {
                pause = min(max(pause * 2, round?.pause ?? pause), Self.longestOutboxPause)
                do { try await parts.clock.sleep(pause / 2 + pause / 2 * Double.random(in: 0...1)) } catch { return }
                continue
            }
            pause = OutboxDecision.pause
            await outboxNews.wait(after: seen)
        }
    }

    /// What fails is tried again the next time; what is wrong with the log ends the stream when that next looks at it.
    private func runUpkeep() async {
        while !Task.isCancelled {
            do { try await parts.clock.sleep(Self.upkeepInterval) } catch { return }
            do {
                try await prepare()
            } catch let error as MessengerError {
                feed.send(.warning(error.description))
            } catch {
                continue
            }
        }
    }
}
