import Testing

/// Each fault of a run, as the ledger sees it.
@Suite(.timeLimit(.minutes(5)))
struct DeliveryLedgerTests {
    private let ledger = DeliveryLedger()
    private let stream = DeliveryLedger.Reader(inbox: 1, device: 1, kind: .stream)
    private let fetch = DeliveryLedger.Reader(inbox: 1, device: 2, kind: .fetch)
    private let other = DeliveryLedger.Reader(inbox: 2, device: 3, kind: .callback)

    private func begin(_ ids: String..., to receivers: [Int64] = [1]) async {
        for reader in [stream, fetch, other] { await ledger.expect(reader) }
        for id in ids { await ledger.sent(id, to: receivers) }
    }

    private func accept(_ ids: String...) async { for id in ids { await ledger.accepted(id) } }

    private func arrive(_ messages: (Int64, String)..., at reader: DeliveryLedger.Reader) async {
        for (number, id) in messages { await ledger.arrived(number, id, at: reader) }
    }

    @Test func `A run in which everything arrives in order is clean, repeats counted`() async {
        await begin("a", "b")
        await accept("a", "b")
        await arrive((1, "a"), (2, "b"), (1, "a"), at: stream)
        await arrive((1, "a"), (2, "b"), at: fetch)
        let verdict = await ledger.verdict
        #expect(verdict.isClean, "\(verdict.findings)")
        #expect(verdict.summary == "sent=2 accepted=2 unknown=0 delivered=4 repeated=1 lost=0")
    }

    @Test func `A message that one of two readers never got is lost`() async {
        await begin("a")
        await arrive((1, "a"), at: stream)
        await accept("a")
        #expect(await ledger.verdict.lost == ["a at fetch 2 of inbox 1"])
        #expect(await ledger.progress.outstanding == 1)
    }

    @Test func `A message without an answer may be missing or there, but not stored twice`() async {
        await begin("a", "b", "c")
        for id in ["a", "b", "c"] { await ledger.unknown(id) }
        await arrive((1, "b"), (2, "c"), at: stream)
        #expect(await ledger.verdict.isClean)
        #expect(await ledger.verdict.unknown == 3)
        await arrive((3, "b"), at: stream)
        #expect(await ledger.verdict.storedTwice.count == 1)
    }

    @Test func `An answer after a repeat makes a message accepted`() async {
        await begin("a")
        await ledger.unknown("a")
        await accept("a")
        await ledger.unknown("a")
        let verdict = await ledger.verdict
        #expect(verdict.accepted == 1 && verdict.unknown == 0 && verdict.lost.count == 2)
    }

    @Test func `A lower number for the first time is out of order`() async {
        await begin("a", "b")
        await arrive((2, "b"), (1, "a"), (2, "b"), at: stream)
        let verdict = await ledger.verdict
        #expect(verdict.outOfOrder == ["a as 1 at stream 1 of inbox 1, after 2"])
        #expect(verdict.repeated == 1)
    }

    @Test func `A number with two messages is found across readers`() async {
        await begin("a", "b")
        await arrive((1, "a"), at: stream)
        await arrive((1, "b"), at: fetch)
        #expect(await ledger.verdict.reusedNumbers.count == 1)
    }

    @Test func `A message that nobody sent, or that is another's, was never sent`() async {
        await begin("a")
        await arrive((1, "x"), at: stream)
        await arrive((1, "a"), at: other)
        #expect(await ledger.verdict.neverSent.count == 2)
    }

    @Test func `A message without an answer that reached some of its receivers only is torn`() async {
        await begin("a", to: [1, 2])
        await ledger.unknown("a")
        #expect(await ledger.verdict.isClean)
        await arrive((1, "a"), at: stream)
        #expect(await ledger.verdict.torn == ["a"])
        await arrive((1, "a"), at: other)
        #expect(await ledger.verdict.isClean)
    }

    @Test func `A callback may come again after each refusal and each fault, and not more often`() async {
        await begin("a", to: [2])
        await ledger.refusedCallback(at: other)
        await ledger.allowRepeats(1)
        for _ in 1...3 { await ledger.arrived(1, "a", at: other) }
        #expect(await ledger.verdict.isClean)
        await ledger.arrived(1, "a", at: other)
        #expect(await ledger.verdict.repeatedTooOften.count == 1)
    }

    @Test func `503 is a surprise, but where a fault explains it and it says when to try again`() async {
        let lenient = DeliveryLedger(allowsUnavailable: true)
        for ledger in [ledger, lenient] {
            await ledger.refused("a", 503, "")
            await ledger.refused("b", 503, "", saysWhen: false)
            await ledger.refused("c", 500, "")
        }
        #expect(await ledger.verdict.surprises.count == 3)
        #expect(await lenient.verdict.surprises.count == 2)
        #expect(await lenient.verdict.unavailable == 1)
    }

    @Test func `The slowest arrival is measured from the answer, and what is still due counts`() async throws {
        await begin("a", "b")
        await accept("a")
        #expect(await ledger.takeSlowest(at: .stream) > .zero)
        await arrive((1, "a"), at: stream)
        #expect(await ledger.takeSlowest(at: .stream) > .zero)
        #expect(await ledger.takeSlowest(at: .stream) == .zero)
        #expect(await ledger.takeSlowest(at: .fetch) > .zero)
    }

    @Test func `An altered text is never sent`() {
        for sequence in [1, 7, 100] {
            let message = ScenarioMessage(writer: "w1-last", sequence: sequence)
            #expect(ScenarioMessage.id(in: message.text) == message.id)
            #expect(ScenarioMessage.id(in: message.text + "x") != message.id)
        }
        #expect(ScenarioMessage.id(in: "hi").hasPrefix("altered"))
    }
}
