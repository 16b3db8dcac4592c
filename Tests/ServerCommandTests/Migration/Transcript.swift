import KeyLog
import MessengerAPI
import MessengerCore

typealias Store = AccountStore & InboxStore & CallbackStore & AdminStore & KeyStore & KeyLogStore & BlobStore

/// What a store answered, line by line. Equal only byte by byte.
struct Transcript: Equatable, CustomStringConvertible {
    private(set) var lines: [String] = []

    mutating func note<Value>(_ what: String, _ body: () async throws -> Value) async {
        do {
            lines.append("\(what): \(try await body())")
        } catch {
            lines.append("\(what): throws \(error)")
        }
    }

    static func == (left: Transcript, right: Transcript) -> Bool { left.differences(from: right).isEmpty }

    /// Lines that are not the same in both, cut to a readable length.
    func differences(from other: Transcript) -> [String] {
        guard lines.count == other.lines.count else { return ["\(lines.count) lines, not \(other.lines.count)"] }
        return zip(lines, other.lines).filter { !$0.utf8.elementsEqual($1.utf8) }
            .map { "\($0.prefix(300)) ≠ \($1.prefix(300))" }
    }

    var description: String { lines.map { "\($0.prefix(300))" }.joined(separator: "\n") }
}

extension Transcript {
    /// All that a store says of the installation, without changing it.
    init(of store: any Store) async {
        await note("statistics") { try await store.statistics() }
        await note("users") { try await store.users(after: UserID(0), limit: 100) }
        await note("heads") { try await store.heads(of: (1...10).map { UserID($0) }).sorted { $0.key < $1.key } }
        for name in Installation.names {
            await note("account \(name)") { try await store.account(named: Username(name)!, from: Installation.home.key) as Any }
        }
        for token in Installation.tokens {
            await note("session \(token)") { try await store.session(TokenHash(of: token), now: Installation.start) as Any }
        }
        for device in (1...30).map({ DeviceID($0) }) {
            await note("page of \(device)") {
                try await store.pending(for: device, after: .zero, limit: 100, bytes: 1 << 20) as Any
            }
            await note("passed over by \(device)") { try await store.passedOver(by: device) }
        }
        for key in Installation.keys {
            await note("key \(key)") {
                try await store.remembered(
                    IdempotencyKey(key)!, of: UserID(1), fingerprint: Array(key.utf8), now: Installation.start) as Any
            }
        }
        let due = ((try? await store.callbacksDue(of: nil)) ?? []).sorted { $0.device < $1.device }
        await note("due") { due }
        for device in due.map(\.device) { await note("target \(device)") { try await store.callbackTarget(of: device) as Any } }
        await noteKeys(store)
        for (index, id) in Installation.blobs.enumerated() {
            await note("blob \(index)") { try await store.blob(id, now: Installation.start) as Any }
            for piece in 0..<3 { await note("piece \(piece) of \(index)") { try await store.piece(piece, of: id) as Any } }
        }
    }

    private mutating func noteKeys(_ store: any Store) async {
        for user in (1...7).map({ UserID($0) }) {
            let keys = try? await store.publishedKeys(of: .user(user))
            await note("keys of \(user)") { keys as Any }
            for (device, _) in keys?.devices ?? [] {
                await note("count of \(device)") {
                    try await store.keyCount(of: device, of: user, now: Installation.start) as Any
                }
            }
            await note("note of \(user)") {
                try await store.linkNote(Installation.noteID, of: user, now: Installation.start) as Any
            }
        }
        await note("checkpoint") { try await store.checkpoint() as Any }
        for tile in Tile.added(to: 3) { await note(tile.path) { try await store.tile(tile) as Any } }
        await note("records") { try await store.records(tile: 0, count: 3) as Any }
    }

    /// Goes on with the installation: what a store answers shows what it holds.
    init(goingOnWith store: any Store) async {
        let now = Installation.start + .minutes(1)
        func account(_ name: String, phone: String, invitation: String? = nil) -> NewAccount {
            Installation.account(name, phone: phone, invitation: invitation.map { TokenHash(of: $0) })
        }
        await note("name taken") { try await store.register(account("ann", phone: "new")) }
        await note("phone taken") { try await store.register(account("new", phone: "ann")) }
        await note("no invitation") { try await store.register(account("new", phone: "new", invitation: "none")) }
        await note("invited") { try await store.register(account("new", phone: "new", invitation: "welcome")) }
        await note("next user") { try await store.register(account("newer", phone: "newer")) }
        for user in 1...2 as ClosedRange<Int64> {
            await note("new device of \(user)") { try await store.logIn(Installation.login(user, token: "\(user) new")) }
            await note("known address of \(user)") {
                try await store.logIn(Installation.login(user, token: "\(user) again", address: "http://192.0.2.1:8080/\(user)"))
            }
        }
        for key in Installation.keys + ["new"] {
            for text in [key, "other"] {
                await note("\(text) under \(key)") {
                    try await store.append([Installation.submission(from: 1, to: [2], text, key: key, now: now)]).outcomes
                }
            }
        }
        for device in (1...10).map({ DeviceID($0) }) {
            for through in [0, 4, 1_000].map({ MessageNumber($0) }) {
                await note("\(device) has \(through)") {
                    try await store.acknowledge([
                        Acknowledgement(device: device, generation: 1, through: through, byCallback: false, now: now)
                    ])
                }
            }
        }
        for request in ["claimed", "new", "newer"] {
            await note("claim \(request)") {
                try await store.claim(
                    KeyClaim(
                        claimer: UserID(2), target: UserID(1), request: IdempotencyKey(request)!, devices: nil, now: now)) as Any
            }
        }
        for _ in 0..<5 { _ = try? await store.sweep(Sweep(now: now, expireBefore: nil, limit: 1_000)) }
        lines += await Transcript(of: store).lines
    }
}
