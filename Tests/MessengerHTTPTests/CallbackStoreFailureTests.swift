import MessengerAPI
import MessengerCore
import MessengerHTTP
import TestSupport
import Testing

/// Takes no acknowledgement before it works again.
private struct FailingAcknowledgements: InboxStore {
    let base: any InboxStore
    let works: Gate
    let attempts: Counter

    func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        guard works.isOpen else {
            attempts.add(1)
            throw StoreError.full
        }
        return try await base.acknowledge(acknowledgements)
    }

    func append(_ submissions: [Submission]) async throws -> AppendResult { try await base.append(submissions) }
    func remembered(
        _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp
    ) async throws -> SubmissionOutcome? {
        try await base.remembered(key, of: sender, fingerprint: fingerprint, now: now)
    }
    func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage? {
        try await base.pending(for: device, after: after, limit: limit, bytes: bytes)
    }
    func heads(of users: [UserID]) async throws -> [UserID: MessageNumber] { try await base.heads(of: users) }
    func sweep(_ sweep: Sweep) async throws -> SweepOutcome { try await base.sweep(sweep) }
}

@Suite("Callbacks whose acknowledgement cannot be written down", .timeLimit(.minutes(1)))
struct CallbackStoreFailureTests {
    @Test("What was taken is not pushed again, and the address is not to blame")
    func unstored() async throws {
        let time = TestTime()
        let (works, attempts, failures) = (Gate(), Counter(), Counter())
        try await TestServer.run({
            $0.use(time)
            $0.stores = { stores in
                Stores(
                    accounts: stores.accounts,
                    inboxes: FailingAcknowledgements(base: stores.inboxes, works: works, attempts: attempts),
                    callbacks: WatchedCallbacks(base: stores.callbacks) { _ in failures.add(1) }, signal: stores.signal,
                    presence: stores.presence, keys: stores.keys, blobs: stores.blobs, log: stores.log, phoneKey: stores.phoneKey)
            }
        }) { server in
            try await CallbackSink.run { sink in
                let bob = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                for text in ["1", "2"] { #expect(try await bob.send(text, to: bob.id).status == 200) }
                try await eventually("it is tried again, and again") {
                    time.advance(by: .seconds(1))
                    return attempts.value >= 5
                }
                #expect(sink.numbers == [1])
                works.open()
                try await eventually("the next") {
                    time.advance(by: .seconds(1))
                    return try await bob.fetch().messages.isEmpty
                }
                #expect(sink.numbers == [1, 2])
                #expect(failures.value == 0)
            }
        }
    }

    @Test("A new login is pushed to from its own cursor on")
    func newLogin() async throws {
        let (works, attempts) = (Gate(), Counter())
        try await TestServer.run({
            $0.stores = { stores in
                Stores(
                    accounts: stores.accounts,
                    inboxes: FailingAcknowledgements(base: stores.inboxes, works: works, attempts: attempts),
                    callbacks: stores.callbacks, signal: stores.signal, presence: stores.presence, keys: stores.keys,
                    blobs: stores.blobs,
                    log: stores.log, phoneKey: stores.phoneKey)
            }
        }) { server in
            try await CallbackSink.run { sink in
                let client = TestClient(server.url)
                let bob = try await TestUser.make(on: client, address: sink.address)
                #expect(try await bob.send("1", to: bob.id).status == 200)
                try await eventually("it could not be written down") { attempts.value >= 1 }
                works.open()
                let again = try await TestUser.logIn(bob.name, on: client, address: sink.address)
                #expect(again.device == bob.device)
                #expect(try await again.send("2", to: bob.id).status == 200)
                try await eventually("the next") { try await again.fetch().messages.isEmpty }
                #expect([[1, 1, 2], [1, 2]].contains(sink.numbers))
            }
        }
    }
}
