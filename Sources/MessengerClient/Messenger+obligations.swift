import KeyLog
import MessengerAPI
import MessengerCrypto

/// What this device owes others: receipts, questions and answers. Each is in the store from the transaction that found it out, and
/// leaves it in the one that puts it into the outbox, so that a crash anywhere only delays it.
extension Messenger {
    private static let receiptsAtOnce = 200

    /// Puts into the outbox what is owed and can be had now. What concerns somebody who cannot be written to now stays owed.
    func settleObligations() async throws {
        var isNews = false
        for peer in try await parts.store.peersOwedReceipts() {
            if try await passingOver({ try await self.sendReceipts(to: peer) }) == true { isNews = true }
        }
        for asked in try await parts.store.requests() {
            let answer = try await passingOver { try await self.answer(asked) }
            if answer == .sent { isNews = true }
            if answer == .later { break }
        }
        for question in try await parts.store.openQuestions() {
            if try await passingOver({ try await self.put(question) }) == true { isNews = true }
        }
        if isNews { outboxNews.raise() }
    }

    /// Nil when something about this one receiver stands in the way; throws everything else.
    func passingOver<Value>(_ work: () async throws -> Value) async throws -> Value? {
        do {
            return try await work()
        } catch let error as MessengerError where error.concernsOneReceiver {
            return nil
        } catch let failure as APIFailure where !failure.endsSession {
            return nil
        }
    }

    private func sendReceipts(to peer: String) async throws -> Bool {
        let person = try await receiver(peer)
        try await parts.store.forgetReceipts(to: peer, except: person.account)
        var isNews = false
        while true {
            let hashes = try await parts.store.owedReceipts(to: person.account, limit: Self.receiptsAtOnce)
            guard !hashes.isEmpty else { return isNews }
            if try await enqueue(.receipt(delivered: hashes), to: person, settling: .receipts(hashes)) != nil { isNews = true }
        }
    }

    private func put(_ question: Question) async throws -> Bool {
        let person = try await receiver(question.sender)
        let obligation = Obligation.question(question.envelope, now: parts.clock.now())
        return try await enqueue(.askAgain(question.envelope), to: person, settling: obligation) != nil
    }

    /// Only a device that is still certified gets an answer.
    private func answer(_ asked: AskedAgain) async throws -> LocalStore.Answer {
        var person = try await directory.knownPerson(asked.account)
        if person == nil { person = try await directory.person(named: asked.peer) }
        guard let person, person.account == asked.account, person.chain.standing(of: asked.device) == .current else {
            try await parts.store.refuse(asked)
            return .refused
        }
        let isOwn = asked.account == parts.profile.account
        let inFlight = !isOwn && person.chain.certificate(of: asked.device)?.hasReplacedDevice == true
        return try await parts.store.answer(asked, inFlight: inFlight, now: parts.clock.now())
    }
}
