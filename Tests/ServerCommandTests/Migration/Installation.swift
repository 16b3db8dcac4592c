import Foundation
import MessengerAPI
import MessengerCore
import SQLiteBackend
import TestSupport

/// A data folder with some of everything, as one that was in use: what it holds is what `Transcript` reads.
struct Installation {
    static let start = Timestamp(milliseconds: 1_800_000_000_000)
    static let home = ClientOrigin(address: IPAddress("192.0.2.1")!, wasForwarded: false)
    static let names = ["ann", "Zoë 🦆", "o'brien\\; -- \"%s\"", "שלום", String(repeating: "n", count: 64), "gone", "newest"]
    static let tokens = ["ann phone", "ann desk", "zoe old", "zoe", "brien", "gone", "newest"]
    static let keys = ["first", "!~", "Z", "a", "second"]
    static let phoneKey = "phone"
    static let blobs = (1...3).map { BlobID(Array(repeating: UInt8($0), count: BlobID.byteCount))! }
    static let noteID = Array(repeating: UInt8(7), count: 32)

    let folder: TemporaryFolder
    /// The same installation in a folder of its own, to see how it would have gone on.
    let twin: TemporaryFolder

    /// - Parameters:
    ///   - isCrashed: as if the server had been killed, so that the newest commits are in the write-ahead log alone.
    ///   - moreMessages: that wait for the fifth user.
    init(isCrashed: Bool = false, moreMessages: Int = 0) async throws {
        let origin = try TemporaryFolder()
        let backend = try SQLiteBackend(folder: origin.url)
        try await Self.fill(backend)
        for first in stride(from: 0, to: moreMessages, by: 1_000) {
            let numbers = first..<min(first + 1_000, moreMessages)
            _ = try await backend.append(
                numbers.map { Self.submission(from: 1, to: [5], "one of many, \($0): \(String(repeating: "m", count: 300))") })
        }
        if !isCrashed { try backend.close() }
        (folder, twin) = (try Self.copy(of: origin), try Self.copy(of: origin))
        if isCrashed { try backend.close() }
    }

    private static func copy(of origin: TemporaryFolder) throws -> TemporaryFolder {
        let copy = try TemporaryFolder()
        for name in try FileManager.default.contentsOfDirectory(atPath: origin.path) {
            try FileManager.default.copyItem(at: origin.url.appending(path: name), to: copy.url.appending(path: name))
        }
        return copy
    }

    private static func fill(_ store: SQLiteBackend) async throws {
        _ = try await store.secret(named: phoneKey, bytes: 32)
        for name in names { _ = try await store.register(account(name, phone: name)) }
        try await store.addInvitation(TokenHash(of: "welcome"), expires: start + .days(1))
        try await logIn(store)
        try await send(store)
        try await receive(store)
        for (user, name) in [(1, "ann"), (6, "gone")] as [(Int64, String)] { try await publish(name, UserID(user), in: store) }
        try await upload(store)
        // One left rows behind, of the newest user nothing is left.
        for user in [6, 7].map({ UserID($0) }) { _ = try await store.delete(user, now: start) }
        _ = try await store.sweep(Sweep(now: start, expireBefore: nil, limit: 2))
    }

    private static func logIn(_ store: SQLiteBackend) async throws {
        let logins = [
            login(1, token: "ann phone", address: "http://192.0.2.1:8080/1"), login(1, token: "ann desk"),
            login(2, token: "zoe old", address: "http://192.0.2.1:8080/2"),
            login(2, token: "zoe", address: "http://192.0.2.1:8080/2"),
            login(3, token: "brien", address: "some_ip\0odd"), login(6, token: "gone"), login(7, token: "newest"),
        ]
        for login in logins { _ = try await store.logIn(login) }
        try await store.logOut(TokenHash(of: "brien"))
        _ = try await store.changePassword(of: UserID(2), to: "changed", keeping: TokenHash(of: "zoe"))
    }

    private static func send(_ store: SQLiteBackend) async throws {
        let old = start - .days(31)
        let texts = ["", "U+0000 \0 within", "e\u{301} \u{e9} 🦆", String(repeating: "x", count: 256 << 10)]
        for index in 0..<3 { _ = try await store.append([submission(from: 2, to: [1, 2, 5], "old \(index)", now: old)]) }
        for text in texts { _ = try await store.append([submission(from: 1, to: [1, 2, 3, 6], text)]) }
        for key in keys { _ = try await store.append([submission(from: 1, to: [2, 7], key, key: key)]) }
        for index in 0..<20 { _ = try await store.append([submission(from: 6, to: [6, 1], "\(index)", key: "\(index)")]) }
        // What is missing at the beginning of the inboxes now is a gap to their devices.
        _ = try await store.sweep(Sweep(now: start, expireBefore: start - .days(30), limit: 100))
    }

    private static func receive(_ store: SQLiteBackend) async throws {
        func acknowledge(_ device: Int64, _ through: Int64) async throws {
            _ = try await store.acknowledge([
                Acknowledgement(
                    device: DeviceID(device), generation: 1, through: MessageNumber(through), byCallback: false, now: start)
            ])
        }
        try await acknowledge(1, 5)
        try await acknowledge(2, 9)
        for number in [6, 7].map({ MessageNumber($0) }) { try await store.passOver(number, device: DeviceID(1), generation: 1) }
        try await store.callbackFailed(
            CallbackFailure(device: DeviceID(1), generation: 1, at: start, refused: MessageNumber(8)))
        try await store.callbackFailed(CallbackFailure(device: DeviceID(3), generation: 2, at: start, refused: nil))
    }

    /// A complete blob, one that is not, and one whose user will be deleted.
    private static func upload(_ store: SQLiteBackend) async throws {
        let limits = BlobLimits()
        for (id, (user, sent)) in zip(blobs, [(1, 300_000), (2, 280_000), (6, 300_000)] as [(Int64, Int)]) {
            try await store.create(NewBlob(id: id, user: UserID(user), length: 300_000, limits: limits, now: start))
            let bytes = (0..<sent).map { UInt8(truncatingIfNeeded: $0 / 7) }
            _ = try await store.append(
                BlobAppend(id: id, user: UserID(user), offset: 0, bytes: bytes, limits: limits, now: start))
        }
    }

    /// An account with a device and keys, one of them handed out.
    private static func publish(_ name: String, _ user: UserID, in store: SQLiteBackend) async throws {
        let log = try await store.openLog(now: start)
        let time = TimeSource(now: { start }, uptime: { .zero }, sleep: { _ in })
        let directory = KeyDirectory(store: store, identity: log, time: time, onLoggedOut: { _ in })
        let session = Session(
            token: TokenHash(of: name), user: user, username: Username(name)!, device: DeviceID(user.rawValue), generation: 1,
            lastUsed: start)
        var account = TestKeyAccount(name, log: log)
        let phone = try account.device(created: start)
        _ = try await directory.publish(try account.advance([phone]), by: session)
        _ = try await directory.publish(try phone.keys(oneTime: 3, created: start), by: session)
        _ = try await store.claim(
            KeyClaim(claimer: UserID(2), target: user, request: IdempotencyKey("claimed")!, devices: nil, now: start))
        try await store.keep(LinkNote(user: user, id: noteID, data: Array(name.utf8), now: start))
    }

    static func account(_ name: String, phone: String, invitation: TokenHash? = nil) -> NewAccount {
        NewAccount(
            username: Username(name)!, phoneFingerprint: Array(phone.utf8), passwordHash: "hash of \(name)",
            invitation: invitation,
            now: start)
    }

    static func login(_ user: Int64, token: String, address: String = "") -> Login {
        Login(
            user: UserID(user), token: TokenHash(of: token), publicKey: "key\0of \(token)", device: nil,
            callback: CallbackRegistration(
                address: address, isPushable: CallbackAddress(address) != nil, origin: home,
                secret: Array("secret of \(token)".utf8)),
            now: start)
    }

    static func submission(
        from sender: Int64, to receivers: [Int64], _ text: String, key: String? = nil, now: Timestamp = start
    ) -> Submission {
        Submission(
            sender: UserID(sender), senderUsername: Username(names[1])!,
            messages: receivers.map { .init(receiver: UserID($0), body: text) }, sendDate: "2026-01-01 12:00:00",
            key: key.map { IdempotencyKey($0)! }, fingerprint: Array(text.utf8), now: now)
    }
}
