import Foundation
import MessengerAPI
import TestSupport
import Testing

@testable import MessengerCore

/// Random histories, through the core, against the model.
@Suite("The inbox behaves as its model", .timeLimit(.minutes(2)))
struct InboxModelTests {
    @Test(
        "Random sends, acknowledgements, logins, logouts, deletions, expiries and restarts", arguments: BackendKind.allCases,
        0..<12)
    func histories(_ kind: BackendKind, seed: Int) async throws {
        var limits = InboxLimits()
        limits.messages = 12
        limits.bytes = 120
        limits.devices = 3
        limits.liveKeysPerUser = 5
        try await kind.run(limits: limits) { (backend: BackendUnderTest) async throws in
            var history = RandomHistory(seed: UInt64(seed), limits: limits, backend: backend)
            for step in 0..<250 {
                let what = try await history.step()
                try await history.compare("seed \(seed), step \(step): \(what)")
            }
        }
    }
}

/// One history: makes a random step in both worlds and compares what can be seen.
struct RandomHistory {
    private var random: SeededRandom
    private var model: InboxModel
    private var store: any Backend
    private let restart: (any Backend) async throws -> any Backend
    private let time = TestTime()
    private var inbox: Inbox
    private var names = 0
    private var users: [UserID] = []
    private var devices: [DeviceID] = []
    private var tokens: [TokenHash] = []

    init(seed: UInt64, limits: InboxLimits, backend: BackendUnderTest) {
        random = SeededRandom(seed: seed)
        model = InboxModel(limits: limits)
        store = backend.store
        restart = backend.restart
        inbox = Self.inbox(store, time)
    }

    private static func inbox(_ store: any Backend, _ time: TestTime) -> Inbox {
        Inbox(store: store, signal: LocalSignal(), time: time.source, hasFreeDisk: { true }, onUnknownOutcome: { _ in })
    }

    mutating func step() async throws -> String {
        time.advance(by: .milliseconds(Int.random(in: 1...600_000, using: &random)))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<6: return try await register()
        case 6..<14: return try await logIn()
        case 14..<17: return try await logOut()
        case 17..<19: return try await delete()
        case 19..<65: return try await send()
        case 65..<88: return try await acknowledge()
        case 88..<93: return try await sweep(expires: true)
        case 93..<96: return try await sweep(expires: false)
        case 96..<98:
            time.advance(by: .hours(20))
            return "20 hours pass"
        default:
            store = try await restart(store)
            inbox = Self.inbox(store, time)
            return "restart"
        }
    }

    /// Everything that a client could see.
    func compare(_ context: String) async throws {
        for device in devices {
            let expected = model.pending(for: device, after: .zero, limit: 5, bytes: 40)
            let actual = try await store.pending(for: device, after: .zero, limit: 5, bytes: 40)
            try #require(actual == expected, "\(context): device \(device)")
        }
        let heads = try await store.heads(of: users)
        for user in users { try #require(heads[user] == model.users[user]?.next.previous, "\(context): head of \(user)") }
        for token in tokens {
            let actual = try await store.session(token, now: time.now)
            let expected = model.session(token, now: time.now)
            try #require(actual?.device == expected?.device && actual?.generation == expected?.generation, "\(context)")
        }
    }

    private mutating func register() async throws -> String {
        names += 1
        let account = BackendUnderTest.account("user-\(names)", now: time.now)
        let user = try model.register(account)
        try #require(try await store.register(account) == user)
        users.append(user)
        return "register \(user)"
    }

    private mutating func logIn() async throws -> String {
        guard let user = users.randomElement(using: &random) else { return "nobody" }
        let device = Bool.random(using: &random) ? devices.randomElement(using: &random) : nil
        let address = ["", "a:1", "b:1"].randomElement(using: &random)!
        let login = BackendUnderTest.login(
            user, address: address, pushable: !address.isEmpty, device: device, token: "token-\(random.next())", now: time.now)
        let expected = Result { try model.logIn(login) }
        let actual: Result<LoginOutcome, any Error>
        do { actual = .success(try await store.logIn(login)) } catch { actual = .failure(error) }
        switch (expected, actual) {
        case (.success(let expected), .success(let actual)):
            try #require(
                expected.device == actual.device && expected.cursor == actual.cursor && expected.loggedOut == actual.loggedOut)
            devices.append(actual.device)
            tokens.append(login.token)
        case (.failure(let expected), .failure(let actual)): try #require(expected as? AccountError == actual as? AccountError)
        default: Issue.record("\(expected) but \(actual)")
        }
        return "login of \(user) on \(device.map { "\($0)" } ?? "a new device")"
    }

    private mutating func logOut() async throws -> String {
        guard let token = tokens.randomElement(using: &random) else { return "nobody" }
        model.logOut(token)
        try await store.logOut(token)
        return "logout"
    }

    private mutating func delete() async throws -> String {
        guard let user = users.randomElement(using: &random) else { return "nobody" }
        try #require(try await store.delete(user, now: time.now) == model.delete(user))
        return "delete \(user)"
    }

    private mutating func send() async throws -> String {
        guard let token = tokens.randomElement(using: &random), let session = model.session(token, now: time.now) else {
            return "nobody"
        }
        let receivers = Set((0..<Int.random(in: 1...3, using: &random)).map { _ in users.randomElement(using: &random)! })
            .sorted()
        let text = String(repeating: "x", count: Int.random(in: 0...30, using: &random))
        let key = Int.random(in: 0..<3, using: &random) == 0 ? IdempotencyKey("key-\(random.next() % 8)") : nil
        let json = TestClient.json([
            "messages": receivers.map { ["receiver_id": $0.rawValue, "message": text] as [String: any Sendable] },
            "send_date": "2026-01-01 00:00:00",
        ])
        let attempt = SendAttempt(request: try decodeSendRequest(json), key: key)
        let expected = model.append(attempt.submission(from: session, now: time.now))
        let actual: SubmissionOutcome
        do {
            actual = .accepted(receivers: try await inbox.accept(attempt, from: session))
        } catch let refusal as SendRefusal {
            actual = SubmissionOutcome(refusal)
        }
        // The core makes no difference between the first time and a repeat.
        let comparable =
            if case .repeated(let receivers) = expected { SubmissionOutcome.accepted(receivers: receivers) } else { expected }
        try #require(actual == comparable)
        return "send to \(receivers): \(expected)"
    }

    private mutating func acknowledge() async throws -> String {
        guard let device = devices.randomElement(using: &random) else { return "nobody" }
        let through = MessageNumber(Int64.random(in: 0...30, using: &random))
        let generation = model.devices[device]?.generation ?? 1
        let expected = model.acknowledge(
            Acknowledgement(device: device, generation: generation, through: through, byCallback: false, now: time.now))
        let actual: AcknowledgementOutcome
        do {
            actual = .cursor(try await inbox.acknowledge(through: through, for: device, generation: generation))
        } catch InboxError.aheadOfInbox(let head) {
            actual = .ahead(head: head)
        } catch InboxError.superseded {
            actual = .superseded
        }
        try #require(actual == expected)
        return "acknowledge \(through) for \(device)"
    }

    private mutating func sweep(expires: Bool) async throws -> String {
        let sweep = Sweep(now: time.now, expireBefore: expires ? time.now - .hours(3) : nil, limit: 10)
        model.sweep(sweep)
        for _ in 0..<3 {
            while try await store.sweep(sweep).hasMore {}
        }
        return "sweep"
    }
}

extension SubmissionOutcome {
    fileprivate init(_ refusal: SendRefusal) {
        switch refusal {
        case .keyReused: self = .keyReused
        case .unknownReceivers(let users): self = .unknownReceivers(users)
        case .staleKeys(let stale): self = .staleKeys(stale)
        case .fullReceivers(let users): self = .fullReceivers(users)
        case .tooManyKeys: self = .tooManyKeys
        default: self = .unknownSender
        }
    }
}

private func decodeSendRequest(_ json: String) throws -> SendRequest {
    try Array(json.utf8).withUnsafeBytes { try SendRequest(json: $0) }
}
