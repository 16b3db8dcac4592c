import TestSupport

/// Sends one message after another and writes down what the server answers.
struct ScenarioWriter: Sendable {
    let name: String
    let user: TestUser
    /// Whether its messages have a key, so that one without an answer is sent again until there is one.
    let usesKeys: Bool
    let receivers: [Int64]
    let ledger: DeliveryLedger
    /// Milliseconds from an answer to the next message.
    var pace = 0...4

    /// Writes until the sign is up; then the last message still gets its answer, if it has a key.
    func run(_ random: SeededRandom, until stop: StopSign) async {
        var random = random
        var sequence = 0
        while !stop.isUp, !Task.isCancelled {
            sequence += 1
            // Now and then one message for several receivers: for all of them or for none.
            let count = random.oneIn(5) ? Int.random(in: 2...receivers.count, using: &random) : 1
            let chosen = Array(receivers.shuffled(using: &random).prefix(count))
            await send(ScenarioMessage(writer: name, sequence: sequence), to: chosen, &random)
            try? await Task.sleep(for: random.pause(pace))
        }
    }

    /// Sends one message to all receivers and returns when it is accepted.
    func sendLast(_ random: SeededRandom) async {
        var random = random
        await send(ScenarioMessage(writer: name + "-last", sequence: 1), to: receivers, &random)
    }

    private func send(_ message: ScenarioMessage, to receivers: [Int64], _ random: inout SeededRandom) async {
        var headers: [String: String] = [:]
        var fields: [String: any Sendable] = [
            "sender_id": user.id, "sender_username": user.name, "send_date": "2026-01-02 03:04:05",
        ]
        if receivers.count == 1 {
            fields["receiver_id"] = receivers[0]
            fields["message"] = message.text
        } else {
            fields["messages"] = receivers.map { ["receiver_id": $0, "message": message.text] as [String: any Sendable] }
        }
        if usesKeys, random.oneIn(2) {
            headers["Idempotency-Key"] = message.id
        } else if usesKeys {
            fields["client_message_id"] = message.id
        }
        let body = TestClient.json(fields)

        await ledger.sent(message.id, to: receivers)
        // A key may also come again after its answer: the client died before it wrote that down.
        var answersWanted = usesKeys && (message.sequence == 1 || random.oneIn(20)) ? 2 : 1
        repeat {
            if await isAnswered(message, body, headers) {
                answersWanted -= 1
            } else {
                await ledger.unknown(message.id)
                try? await Task.sleep(for: random.pause(10...40))
            }
        } while answersWanted > 0 && usesKeys && !Task.isCancelled
    }

    /// 503 is no answer: it leaves open what is stored.
    private func isAnswered(_ message: ScenarioMessage, _ body: String, _ headers: [String: String]) async -> Bool {
        let answer = try? await user.client.call(
            "POST", "/api/messages/", json: body, token: user.token, headers: headers, timeout: .seconds(20))
        guard let answer else { return false }
        if answer.status == 200 {
            await ledger.accepted(message.id)
            return true
        }
        await ledger.refused(message.id, answer.status, answer.text, saysWhen: answer.headers["retry-after"] != nil)
        return answer.status != 503
    }
}
