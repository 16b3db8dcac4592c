import TestSupport

/// Reads its inbox by live streams, each of which goes on after the number that it stored last.
struct StreamReader: Sendable {
    let user: TestUser
    let ledger: DeliveryLedger
    /// Whether it never cuts a stream itself.
    var isSteady = false

    var reader: DeliveryLedger.Reader { .init(inbox: user.id, device: user.device, kind: .stream) }

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
            try? await Task.sleep(for: random.pause(5...60))
        }
    }

    /// One stream. Most are cut by the reader itself after some messages, perhaps in the middle of a page.
    private func read(after stored: inout Int64, _ random: inout SeededRandom) async throws {
        let last = stored
        let inHeader = random.oneIn(2)
        let most = isSteady ? Int.max : Int.random(in: random.oneIn(3) ? 1...5 : 6...200, using: &random)
        stored = try await user.client.stream(
            token: user.token, after: inHeader ? nil : last, headers: inHeader ? ["Last-Event-ID": "\(last)"] : [:]
        ) { events in
            var stored = last
            var count = 0
            var isCaughtUp = false
            do {
                while count < most, let event = try await events.next() {
                    if let message = event.message {
                        let number = message.messageID.rawValue
                        await ledger.arrived(number, ScenarioMessage.id(in: message.message), at: reader)
                        if number <= stored { await ledger.surprise("\(number) at \(reader), which had \(stored)") }
                        stored = max(stored, number)
                        count += 1
                        if random.oneIn(10) { try await acknowledge(stored) }
                    } else if event.name == "caught-up", !isCaughtUp {
                        isCaughtUp = true
                    } else if event.name != "closing" {
                        await ledger.surprise("\(event.name) \(event.data) at \(reader) after \(stored)")
                    }
                }
            } catch {
                // What came before the cut is stored all the same.
            }
            return stored
        }
    }

    private func acknowledge(_ number: Int64) async throws {
        let answer = try await user.acknowledge(number)
        if answer.status != 200 { await ledger.refused("ack of \(number) at \(reader)", answer.status, answer.text) }
    }
}
