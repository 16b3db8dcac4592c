import Crypto
import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

@testable import MessengerClient

/// What the double of a server knows.
struct ServerDoubleState: Sendable {
    struct DeviceKeys: Sendable {
        var rotating: Signed<KeyRecord>?
        var oneTime: [Signed<KeyRecord>] = []
        var known: Set<KeyID> = []
        var sealedThrough = MessageNumber.zero
    }

    struct User: Sendable {
        let id: UserID
        let name: String
        let password: String
        var states: [Signed<AccountState>] = []
        var certificates: [Signed<DeviceCertificate>] = []
        var keys: [DeviceFingerprint: DeviceKeys] = [:]
        var keysVersion = KeysVersion.zero
        var inbox: [DeliveredMessage] = []
        var claims: [String: ClaimKeysResponse] = [:]
        var accepted: Set<String> = []
        var devices: [DeviceFingerprint] {
            certificates.filter { certificate in
                states.last?.object.certificates.contains(CertificateHash(of: certificate.object)) == true
            }.map(\.object.device)
        }
    }

    static let nameKey = [UInt8](repeating: 7, count: 32)

    var users: [UserID: User] = [:]
    var sessions: [String: UserID] = [:]
    var lastDevice: Int64 = 0
    var notes: [[UInt8]: [UInt8]] = [:]
    var tree = MerkleTree()
    var records: [ServedRecord] = []
    var blobs: [BlobID: Blob] = [:]
    var endings: [UserID: String] = [:]
    /// Whose inboxes take nothing more.
    var full: Set<UserID> = []
    /// How many one-time keys were handed out.
    var claimed = 0
    var signer: NoteSigner
    /// The first log key, and how the one now follows from it.
    let first: VerifierKey
    var introductions: [LogKeysResponse.Introduction] = []
    let cosigner: NoteSigner

    init() {
        let seed = SecretBytes.random(32).exposed
        // A name without spaces and 32 bytes are always fit.
        signer = NoteSigner(name: "double.example/log", kind: .ed25519, seed: seed)!
        first = signer.verifierKey
        cosigner = NoteSigner(name: "double.example/fresh", kind: .cosignature, seed: SecretBytes.random(32).exposed)!
    }

    static func problem(
        _ status: Int, _ type: String, stale: [StaleKeys]? = nil, _ change: (inout Problem) -> Void = { _ in }
    ) -> APIResponse {
        var problem = Problem(type: type, title: type, status: status, detail: "\(type).")
        problem.staleKeys = stale
        change(&problem)
        return APIResponse(status: status, body: WireJSON.encode(problem))
    }

    static func ok(_ value: some Encodable) -> APIResponse { APIResponse(status: 200, body: WireJSON.encode(value)) }

    func user(of request: APIRequest) -> UserID? { request.token.flatMap { sessions[$0] } }

    func waiting(for user: UserID, after: MessageNumber) -> [DeliveredMessage] {
        users[user]?.inbox.filter { $0.messageID > after } ?? []
    }

    mutating func answer(_ request: APIRequest, now: UInt64) -> APIResponse {
        let parts = URLComponents(string: "http://double\(request.path)")
        let path = parts?.path ?? ""
        let query = Dictionary(
            (parts?.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        ) { first, _ in first }
        switch (request.method, path) {
        case ("POST", "/api/users/"): return register(decode(request))
        case ("POST", "/api/login/"): return logIn(decode(request))
        default: break
        }
        guard let user = user(of: request) else { return Self.problem(401, "invalid-token") }
        switch (request.method, path) {
        case ("POST", "/api/logout/"):
            sessions = sessions.filter { $0.key != request.token }
            return Self.ok(PlainResponse(msg: "ok"))
        case ("GET", "/api/users/"):
            guard let found = users.values.first(where: { $0.name == query["username"] }) else {
                return Self.problem(404, "unknown-user")
            }
            return Self.ok(UserResponse(userID: found.id, username: found.name, publicKey: ""))
        case ("GET", "/api/keys/"): return keys(query)
        case ("POST", "/api/keys/state/"): return publish(decode(request), by: user, now: now)
        case ("POST", "/api/keys/"): return publishKeys(decode(request), by: user)
        case ("GET", "/api/keys/count/"): return count(query, of: user)
        case ("POST", "/api/keys/claim/"): return claim(decode(request), by: user)
        case ("POST", "/api/keys/links/"):
            if let note: LinkNoteRequest = decode(request) { notes[note.id.bytes] = note.data.bytes }
            return Self.ok(PlainResponse(msg: "ok"))
        case ("GET", "/api/keys/links/"):
            guard let id = query["id"].flatMap(Base64URL.bytes), let data = notes[id] else {
                return Self.problem(404, "not-found")
            }
            return Self.ok(LinkNoteResponse(data: Base64Bytes(data)))
        case ("POST", "/api/messages/"): return send(request.body ?? [], by: user)
        case ("GET", "/api/messages/"):
            let page = waiting(for: user, after: MessageNumber(query["after"].flatMap { Int64($0) } ?? 0))
            let next = page.last?.messageID ?? MessageNumber(query["after"].flatMap { Int64($0) } ?? 0)
            return APIResponse(status: 200, body: MessagesResponse(messages: page, next: next).json)
        case (_, let path) where path.hasPrefix("/api/blobs/"): return blob(request, path, by: user)
        case ("POST", "/api/messages/ack/"): return Self.ok(PlainResponse(msg: "ok"))
        default: return log(path, now: now)
        }
    }

    private func decode<Value: Decodable>(_ request: APIRequest) -> Value? {
        try? JSONDecoder().decode(Value.self, from: Data(request.body ?? []))
    }

    // MARK: Accounts

    private mutating func register(_ body: RegisterRequest?) -> APIResponse {
        guard let body else { return Self.problem(400, "validation") }
        guard !users.values.contains(where: { $0.name == body.username }) else { return Self.problem(409, "taken") }
        let id = UserID(Int64(users.count + 1))
        users[id] = User(id: id, name: body.username, password: body.password)
        return Self.ok(RegisterResponse(userID: id))
    }

    private mutating func logIn(_ body: LoginRequest?) -> APIResponse {
        guard let body, let user = users.values.first(where: { $0.name == body.username }), user.password == body.password else {
            return Self.problem(401, "wrong-credentials")
        }
        lastDevice += 1
        let token = "token-\(lastDevice)"
        sessions[token] = user.id
        return Self.ok(
            LoginResponse(
                userID: user.id, token: token, deviceID: body.deviceID ?? DeviceID(lastDevice), cursor: .zero, callback: "",
                callbackSecret: ""))
    }

    // MARK: Keys

    private func keys(_ query: [String: String]) -> APIResponse {
        let found =
            query["user_id"].flatMap { Int64($0) }.flatMap { users[UserID($0)] }
            ?? users.values.first { $0.name == query["username"] }
        guard let found, !found.states.isEmpty else { return Self.problem(404, "no-keys") }
        return Self.ok(
            KeysResponse(
                userID: found.id, username: found.name, keysVersion: found.keysVersion,
                states: found.states.map { Base64Bytes($0.bytes) },
                certificates: found.certificates.map { Base64Bytes($0.bytes) },
                devices: found.devices.map { device in
                    KeysResponse.Device(
                        device: Base64Bytes(device.bytes),
                        rotating: found.keys[device]?.rotating.map { Base64Bytes($0.bytes) })
                }))
    }

    private mutating func publish(_ body: PublishStateRequest?, by user: UserID, now: UInt64) -> APIResponse {
        guard let body, let state = Signed<AccountState>(body.state.bytes), var account = users[user] else {
            return Self.problem(400, "validation")
        }
        let isRepeat = account.states.last?.bytes == state.bytes
        if !isRepeat {
            if state.object.seq == 1, let replaced = account.states.last?.object.account, body.replaces?.bytes == replaced.bytes {
                append(.tombstone(of: replaced, covering: places(of: replaced), time: now))
                account.states = []
                account.certificates = []
            }
            guard state.object.seq == UInt32(account.states.count + 1) else { return Self.problem(409, "stale-state") }
            account.states.append(state)
            account.certificates += body.certificates.compactMap { Signed<DeviceCertificate>($0.bytes) }
            account.keysVersion = account.keysVersion.next
            account.keys = account.keys.filter { account.devices.contains($0.key) }
            users[user] = account
            append(
                LogRecord(
                    type: .accountState, name: state.object.name, account: state.object.account, seq: state.object.seq,
                    hash: StateHash(of: state.object), time: now))
        }
        return Self.ok(
            PublishStateResponse(seq: state.object.seq, keysVersion: account.keysVersion, logSize: tree.size))
    }

    private func places(of account: AccountID) -> [UInt64] {
        records.indices.filter { index in
            if case .record(let record, _) = records[index] { record.account == account } else { false }
        }.map { UInt64($0) }
    }

    mutating func append(_ record: LogRecord) {
        let salt = RecordSalt(unchecked: SecretBytes.random(32).exposed)
        records.append(.record(record, salt: salt))
        tree.append(.leaf(record.entry(salt: salt)))
    }

    private mutating func publishKeys(_ body: PublishKeysRequest?, by user: UserID) -> APIResponse {
        guard let body, let device = DeviceFingerprint(body.device.bytes), var account = users[user],
            account.devices.contains(device)
        else { return Self.problem(403, "not-a-device") }
        var keys = account.keys[device] ?? DeviceKeys()
        if let record = body.rotating.flatMap({ Signed<KeyRecord>($0.bytes) }), record.bytes != keys.rotating?.bytes {
            keys.rotating = record
            account.keysVersion = account.keysVersion.next
            keys.sealedThrough = account.inbox.last?.messageID ?? .zero
        }
        for record in body.oneTime.compactMap({ Signed<KeyRecord>($0.bytes) })
        where keys.known.insert(KeyID(of: record.object)).inserted { keys.oneTime.append(record) }
        account.keys[device] = keys
        users[user] = account
        return Self.ok(
            PublishKeysResponse(
                keysVersion: account.keysVersion, oneTime: keys.oneTime.count, sealedThrough: keys.sealedThrough))
    }

    private func count(_ query: [String: String], of user: UserID) -> APIResponse {
        guard let device = query["device"].flatMap(Base64URL.bytes).flatMap({ DeviceFingerprint($0) }), let account = users[user],
            let keys = account.keys[device]
        else { return Self.problem(404, "no-keys") }
        return Self.ok(
            KeyCountResponse(
                keysVersion: account.keysVersion, oneTime: keys.oneTime.count,
                rotating: keys.rotating.map { Base64Bytes(KeyID(of: $0.object).bytes) }, sealedThrough: keys.sealedThrough))
    }

    private mutating func claim(_ body: ClaimKeysRequest?, by user: UserID) -> APIResponse {
        guard let body, var target = users[body.userID], !target.states.isEmpty else { return Self.problem(404, "no-keys") }
        let name = "\(user)/\(body.requestID)"
        if let earlier = target.claims[name] { return Self.ok(earlier) }
        var claimed: [ClaimKeysResponse.Key] = []
        for device in target.devices {
            guard var keys = target.keys[device] else { continue }
            let record = keys.oneTime.isEmpty ? keys.rotating : keys.oneTime.removeFirst()
            target.keys[device] = keys
            if record?.object.kind == .oneTime { self.claimed += 1 }
            if let record {
                claimed.append(ClaimKeysResponse.Key(device: Base64Bytes(device.bytes), record: Base64Bytes(record.bytes)))
            }
        }
        let response = ClaimKeysResponse(keysVersion: target.keysVersion, keys: claimed)
        target.claims[name] = response
        users[body.userID] = target
        return Self.ok(response)
    }

    // MARK: Messages

    private mutating func send(_ body: [UInt8], by user: UserID) -> APIResponse {
        guard let request = body.withUnsafeBytes({ try? SendRequest(json: $0) }), let sender = users[user],
            let items = request.messages, let key = request.clientMessageID
        else { return Self.problem(400, "validation") }
        let answer = Self.ok(SendResponse(clientMessageID: key, receivers: items.count))
        if sender.accepted.contains(key) { return answer }
        let unknown = items.map(\.receiverID).filter { users[$0] == nil }
        guard unknown.isEmpty else { return Self.problem(400, "unknown-receivers") { $0.unknownReceivers = unknown } }
        let crowded = items.map(\.receiverID).filter(full.contains)
        guard crowded.isEmpty else { return Self.problem(429, "inbox-full") { $0.fullReceivers = crowded } }
        let stale = items.compactMap { item -> StaleKeys? in
            guard let version = users[item.receiverID]?.keysVersion, item.keysVersion != version else { return nil }
            return StaleKeys(receiverID: item.receiverID, keysVersion: version)
        }
        guard stale.isEmpty else { return Self.problem(409, "stale-keys", stale: stale) }
        users[user]?.accepted.insert(key)
        for item in items { deliver(item.message, from: sender, to: item.receiverID, date: request.sendDate ?? "") }
        return answer
    }

    mutating func deliver(_ message: String, from sender: User, to receiver: UserID, date: String = "2026-01-02 03:04:00") {
        let number = users[receiver]?.inbox.last?.messageID.next ?? MessageNumber(1)
        users[receiver]?.inbox.append(
            DeliveredMessage(
                messageID: number, senderID: sender.id, senderUsername: sender.name, receiverID: receiver, message: message,
                sendDate: date))
    }

    // MARK: Log

    private func log(_ path: String, now: UInt64) -> APIResponse {
        switch path {
        case "/api/log/keys/":
            return Self.ok(
                LogKeysResponse(
                    origin: signer.verifierKey.name, first: first.description, key: signer.verifierKey.description,
                    cosigner: cosigner.verifierKey.description, nameKey: Base64Bytes(Self.nameKey),
                    introductions: introductions))
        case "/api/log/checkpoint/": return APIResponse(status: 200, body: note(now: now))
        default:
            for index in 0...UInt64(records.count / Tile.fullWidth) {
                let start = Int(index) * Tile.fullWidth
                for width in 1...Tile.fullWidth where "/api/log/" + RecordBundle.path(index: index, width: width) == path {
                    guard start + width <= records.count else { return Self.problem(404, "not-found") }
                    return APIResponse(status: 200, body: RecordBundle.bytes(records[start..<start + width]))
                }
            }
            return Self.problem(404, "not-found")
        }
    }

    /// Changes the log's key; the old one introduces it unless told otherwise.
    mutating func rotateLogKey(isIntroduced: Bool = true) {
        let next = NoteSigner(name: signer.verifierKey.name, kind: .ed25519, seed: SecretBytes.random(32).exposed)!
        let note = try! checkpoint.note(signedBy: isIntroduced ? [signer, next] : [next])
        introductions.append(LogKeysResponse.Introduction(KeyIntroduction(key: next.verifierKey, note: note.bytes)))
        signer = next
    }

    var checkpoint: Checkpoint {
        Checkpoint(
            origin: signer.verifierKey.name, size: tree.size, root: (try? tree.root(size: tree.size)) ?? .empty)
    }

    func note(now: UInt64) -> [UInt8] {         (try? checkpoint.note(signedBy: [signer, cosigner], time: now / 1000).bytes) ?? []
    }
}
