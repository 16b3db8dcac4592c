import Foundation
import MessengerAPI
import MessengerCore
import MessengerHTTP
import Synchronization
import TestSupport

extension TestClient.Answer {
    /// The stable type of problem details.
    var type: String? { json["type"] as? String }
    func number(_ field: String) -> Int64? { (json[field] as? NSNumber)?.int64Value }
    func numbers(_ field: String) -> [Int64]? { (json[field] as? [NSNumber])?.map(\.int64Value) }
}

extension TestClient {
    static let problem = ["Accept": "application/problem+json"]

    func register(
        _ name: String, phone: String = String(UUID().uuidString.prefix(30)), password: String = TestUser.password,
        invitation: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields: [String: any Sendable] = ["username": name, "phone_number": phone, "password": password]
        if let invitation { fields["invitation"] = invitation }
        return try await post("/api/users/", fields, headers: headers)
    }

    func logIn(
        _ name: String, password: String = TestUser.password, address: String = "", device: Int64? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields: [String: any Sendable] = [
            "username": name, "password": password, "user_address": address, "public_key": "",
        ]
        if let device { fields["device_id"] = device }
        return try await post("/api/login/", fields, headers: headers)
    }

    /// As a client behind a trusted proxy is seen.
    static func from(_ address: String) -> [String: String] { ["X-Forwarded-For": address] }

    /// What a token is answered: 200, or 401 once it has ended.
    func status(of token: String) async throws -> Int { try await call("GET", "/api/messages/", token: token).status }
}

extension TestUser {
    func post(_ path: String, _ fields: [String: any Sendable], headers: [String: String] = [:]) async throws
        -> TestClient.Answer
    {
        try await client.post(path, fields, token: token, headers: headers)
    }

    func sendList(
        _ messages: [(receiver: Int64, text: String)], key: String? = nil, headers: [String: String] = [:]
    ) async throws -> TestClient.Answer {
        var fields: [String: any Sendable] = [
            "messages": messages.map { ["receiver_id": $0.receiver, "message": $0.text] as [String: any Sendable] },
            "send_date": "2026-01-02 03:04:05",
        ]
        if let key { fields["client_message_id"] = key }
        return try await post("/api/messages/", fields, headers: headers)
    }

    /// The messages that wait, whole.
    func inbox() async throws -> [DeliveredMessage] {
        let answer = try await client.call("GET", "/api/messages/?limit=1000", token: token)
        guard answer.status == 200 else { throw UnexpectedAnswer(status: answer.status, text: answer.text) }
        return try JSONDecoder().decode(MessagesResponse.self, from: Data(answer.text.utf8)).messages
    }

    func logOut() async throws -> TestClient.Answer { try await post("/api/logout/", ["username": name]) }

    /// The names of a stream's events up to its end; opens the gate when it has caught up.
    func streamToEnd(caughtUp: Gate) async throws -> [String] {
        try await client.stream(token: token) { events in
            var names: [String] = []
            while let event = try await events.next() {
                names.append(event.name)
                if event.name == "caught-up" { caughtUp.open() }
            }
            return names
        }
    }
}

extension TestServer.Options {
    /// A clock that the test moves.
    mutating func use(_ time: TestTime) { substitutes.time = time.source }

    /// Tells of every failed callback once it is written down.
    mutating func watchCallbackFailures(_ onFailure: @escaping @Sendable (CallbackFailure) -> Void) {
        stores = {
            Stores(
                accounts: $0.accounts, inboxes: $0.inboxes, callbacks: WatchedCallbacks(base: $0.callbacks, onFailure: onFailure),
                signal: $0.signal, presence: $0.presence, keys: $0.keys, blobs: $0.blobs, log: $0.log, phoneKey: $0.phoneKey)
        }
    }

    /// Counts what is read from the store for each device.
    mutating func countReads(_ reads: ReadCount) {
        stores = {
            Stores(
                accounts: $0.accounts, inboxes: CountedInboxes(base: $0.inboxes, reads: reads), callbacks: $0.callbacks,
                signal: $0.signal, presence: $0.presence, keys: $0.keys, blobs: $0.blobs, log: $0.log, phoneKey: $0.phoneKey)
        }
    }
}

/// A number that tasks share.
final class Counter: Sendable {
    private let state = Mutex((value: 0, highest: 0))
    var value: Int { state.withLock { $0.value } }
    var highest: Int { state.withLock { $0.highest } }

    func add(_ difference: Int) {
        state.withLock { state in
            state.value += difference
            state.highest = max(state.highest, state.value)
        }
    }
}

/// How many messages were read for each device.
final class ReadCount: Sendable {
    private let counts = Mutex<[Int64: Int]>([:])
    func add(_ count: Int, for device: DeviceID) { counts.withLock { $0[device.rawValue, default: 0] += count } }
    subscript(device: Int64) -> Int { counts.withLock { $0[device] ?? 0 } }
}

struct WatchedCallbacks: CallbackStore {
    let base: any CallbackStore
    let onFailure: @Sendable (CallbackFailure) -> Void

    func callbackFailed(_ failure: CallbackFailure) async throws {
        try await base.callbackFailed(failure)
        onFailure(failure)
    }

    func callbacksDue(of users: [UserID]?, besides others: Set<DeviceID>) async throws -> [CallbackDue] {
        try await base.callbacksDue(of: users, besides: others)
    }
    func callbackTarget(of device: DeviceID) async throws -> CallbackTarget? {
        try await base.callbackTarget(of: device)
    }
    func removeAddress(of device: DeviceID, generation: Int64) async throws {
        try await base.removeAddress(of: device, generation: generation)
    }
    func passOver(_ number: MessageNumber, device: DeviceID, generation: Int64) async throws {
        try await base.passOver(number, device: device, generation: generation)
    }
    func passedOver(by device: DeviceID) async throws -> [MessageNumber] { try await base.passedOver(by: device) }
    func forgetPassedOver(_ numbers: [MessageNumber], by device: DeviceID) async throws {
        try await base.forgetPassedOver(numbers, by: device)
    }
}

struct CountedInboxes: InboxStore {
    let base: any InboxStore
    let reads: ReadCount

    func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage? {
        let page = try await base.pending(for: device, after: after, limit: limit, bytes: bytes)
        reads.add(page?.messages.count ?? 0, for: device)
        return page
    }

    func append(_ submissions: [Submission]) async throws -> AppendResult { try await base.append(submissions) }
    func remembered(
        _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp
    ) async throws -> SubmissionOutcome? {
        try await base.remembered(key, of: sender, fingerprint: fingerprint, now: now)
    }
    func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        try await base.acknowledge(acknowledgements)
    }
    func heads(of users: [UserID]) async throws -> [UserID: MessageNumber] { try await base.heads(of: users) }
    func sweep(_ sweep: Sweep) async throws -> SweepOutcome { try await base.sweep(sweep) }
}

extension TestTime {
    /// Passes once all that repeats in a server sleeps: disk, housekeeping, keep-alive, session refresh, the checkpoint, and two
    /// polls unless they are off.
    func passOnceAllSleep(_ duration: Duration, polls: Bool = true) async throws {
        try await eventually("all sleep") { sleeperCount >= (polls ? 7 : 5) }
        advance(by: duration)
    }
}
