import MessengerHTTP
import TestSupport
import Testing

/// The checker checked: the same scenario on servers with a fault, which the verdict must name.
@Suite(.timeLimit(.minutes(5)))
struct CheckerTests {
    @Test func `A run without a fault is clean`() async throws {
        let verdict = try await verdict(on: nil)
        #expect(verdict.isClean, "\(verdict.findings)")
        #expect(verdict.accepted == verdict.sent && verdict.accepted >= 400)
    }

    @Test func `An answer before the commit shows as a lost message`() async throws {
        let verdict = try await verdict(on: .answersBeforeCommit)
        #expect(!verdict.lost.isEmpty, "\(verdict.summary)")
        #expect(verdict.outOfOrder.isEmpty, "\(verdict.findings)")
    }

    @Test func `Two messages swapped show as out of order`() async throws {
        let verdict = try await verdict(on: .swapsMessages)
        #expect(!verdict.outOfOrder.isEmpty, "\(verdict.summary)\n\(verdict.findings)")
    }

    @Test func `Acknowledging what is only written shows as lost messages once connections are cut`() async throws {
        let verdict = try await verdict(on: .acknowledgesOnWrite)
        #expect(!verdict.lost.isEmpty, "\(verdict.summary)")
        #expect(verdict.outOfOrder.isEmpty, "\(verdict.findings)")
    }

    @Test func `Keys that are not kept show as messages stored twice`() async throws {
        let verdict = try await verdict(on: .ignoresKeys)
        #expect(!verdict.storedTwice.isEmpty, "\(verdict.summary)")
        #expect(verdict.lost.isEmpty && verdict.outOfOrder.isEmpty, "\(verdict.findings)")
    }

    private func verdict(on fault: FaultyInboxStore.Fault?) async throws -> Verdict {
        try await TestServer.run { options in
            guard let fault else { return }
            options.stores = { stores in
                Stores(
                    accounts: stores.accounts, inboxes: FaultyInboxStore(stores.inboxes, fault), callbacks: stores.callbacks,
                    signal: stores.signal, presence: stores.presence, keys: stores.keys, blobs: stores.blobs, log: stores.log,
                    phoneKey: stores.phoneKey)
            }
        } _: { server in
            let scenario = DeliveryScenario(
                rounds: 0, leastSent: 400, patience: fault == nil ? .seconds(15) : .seconds(2), base: server.url,
                seed: .random(in: 0...999_999))
            return try await scenario.run { _ in }
        }
    }
}
