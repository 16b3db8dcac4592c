import TestSupport

/// Reads its inbox page by page.
struct FetchReader: Sendable {
    let user: TestUser
    let ledger: DeliveryLedger

    var reader: DeliveryLedger.Reader { .init(inbox: user.id, device: user.device, kind: .fetch) }

    /// Reads until it is cancelled.
    func run(_ random: SeededRandom) async {
        var random = random
        var stored: Int64 = 0
        while !Task.isCancelled {
            do {
                try await read(after: &stored, &random)
            } catch let error as UnexpectedAnswer {
                await ledger.refused("\(reader)", error.status, error.text)
            } catch {
                // The server has gone, or this reader is to end.
            }
            try? await Task.sleep(for: random.pause(5...40))
        }
    }

    private func read(after stored: inout Int64, _ random: inout SeededRandom) async throws {
        let page = try await user.fetch(
            after: random.oneIn(2) ? stored : nil, limit: random.oneIn(4) ? nil : Int.random(in: 1...300, using: &random))
        // Now and then the reader dies before it stores what came; it must come again.
        if random.oneIn(10) { return }
        for message in page.messages {
            await ledger.arrived(message.number, ScenarioMessage.id(in: message.text), at: reader)
        }
        if let last = page.messages.last, last.number != page.next {
            await ledger.surprise("next is \(page.next) after \(last.number) at \(reader)")
        }
        stored = max(stored, page.messages.map(\.number).max() ?? 0)
        guard random.oneIn(2), stored > 0 else { return }
        let answer = try await user.acknowledge(stored)
        if answer.status != 200 { await ledger.refused("ack of \(stored) at \(reader)", answer.status, answer.text) }
    }
}
