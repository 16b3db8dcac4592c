import Foundation
import KeyLog
import MessengerCrypto

/// This client's own copy of the key log: replayed entry by entry, kept in the store, and never taken back.
///
/// What contradicts it throws `MessengerError.logContradiction` or `note`, and is remembered: from then on nothing is sent.
actor LogReplica {
    private static let keysSetting = "log"
    private static let alarmSetting = "log-alarm"

    /// What a client pins at first contact: the first key, from which it goes on to the one that signs now.
    private struct Pinned: Codable {
        var first: String
        var key: String
        var cosigner: String
        var nameKey: Data
    }

    private let parts: ClientParts
    private let turn = FIFOLock()
    private var pinned: Pinned?
    private var keys: LogKeys?
    private var nameKey: SecretBytes?
    private(set) var view = LogView()
    private var isLoaded = false
    /// When the last replay ended, and how fresh the checkpoint was.
    private var refreshedAt: UInt64?
    private var freshAt: UInt64?
    private(set) var alarm: MessengerError?

    init(_ parts: ClientParts) { self.parts = parts }

    /// Names the installation; asks the server at first contact.
    func server() async throws -> ServerID {
        try await prepare()
        guard let first = pinned.flatMap({ VerifierKey(text: $0.first) }) else { throw MessengerError.note(.malformed) }
        return ServerID(log: first)
    }

    /// The name label of a username.
    func label(of username: String) async throws -> NameLabel {
        try await prepare()
        guard let nameKey else { throw MessengerError.note(.malformed) }
        return NameLabel(username: username.precomposedStringWithCanonicalMapping, key: nameKey.exposed)
    }

    /// Whether the server has vouched for the log within the hour.
    func isFresh() -> Bool {
        let now = parts.clock.now() / 1000
        guard let freshAt else { return false }
        return max(now, freshAt) - min(now, freshAt) <= SignedCheckpoint.maximumAge
    }

    /// Replays what is new. With `ifOlderThan`, only when the last replay is longer ago.
    func refresh(ifOlderThan age: UInt64 = 0) async throws {
        try await turn.withLock { try await self.refreshAlone(ifOlderThan: age) }
    }

    private func refreshAlone(ifOlderThan age: UInt64) async throws {
        try await prepare()
        if let alarm { throw alarm }
        let now = parts.clock.now()
        if age > 0, let refreshedAt, now >= refreshedAt, now - refreshedAt < age { return }
        do {
            try await advance()
            refreshedAt = now
        } catch let error as LogError {
            try await raise(.logContradiction(error))
        } catch let error as NoteError {
            try await raise(.note(error))
        }
    }

    private func raise(_ alarm: MessengerError) async throws {
        self.alarm = alarm
        try await parts.store.set(Self.alarmSetting, Array(alarm.description.utf8))
        throw alarm
    }

    private func advance() async throws {
        let token = try parts.profile.token()
        let note = try await parts.api.checkpoint(token: token)
        let (keys, signed, introducedBy) = try await open(note, token: token)
        let checkpoint = signed.checkpoint
        let records = try await self.records(from: view.size, to: checkpoint.size, token: token)
        let start = view.size
        var next = view
        try next.advance(to: checkpoint, with: records)
        for earlier in introducedBy where next.root(at: earlier.size) != earlier.root {
            throw LogError.splitView(size: earlier.size)
        }
        if !introducedBy.isEmpty, var pinned {
            pinned.key = keys.log.description
            try await pin(pinned)
        }
        try await parts.store.addLogRecords(records, from: start)
        view = next
        freshAt = signed.freshAt
    }

    /// A key that is not the pinned one is taken only when checkpoints lead to it that a key and its successor have signed.
    private func open(
        _ note: [UInt8], token: String
    ) async throws -> (keys: LogKeys, signed: SignedCheckpoint, introducedBy: [Checkpoint]) {
        guard let keys, let pinned else { throw NoteError.malformed }
        do {
            return (keys, try keys.open(note), [])
        } catch NoteError.notSigned {
            let served = try await parts.api.logKeys(token: token)
            guard served.key != pinned.key else { throw NoteError.notSigned }
            guard let introductions = KeyIntroduction.list(served.introductions ?? []) else { throw NoteError.malformed }
            return try keys.open(note, following: introductions)
        }
    }

    private func records(from start: UInt64, to end: UInt64, token: String) async throws -> [ServedRecord] {
        guard start < end else { return [] }
        let full = UInt64(Tile.fullWidth)
        var records: [ServedRecord] = []
        for bundle in start / full...(end - 1) / full {
            let width = min(full, end - bundle * full)
            let path = RecordBundle.path(index: bundle, width: Int(width))
            guard let served = RecordBundle.records(try await parts.api.logFile(path, token: token)), served.count == width else {
                throw LogError.wrongCount
            }
            records += served.dropFirst(bundle == start / full ? Int(start % full) : 0)
        }
        return records
    }

    // MARK: What is kept

    /// Once: the pinned keys, from the store or from the server, and the entries replayed so far.
    private func prepare() async throws {
        if pinned == nil {
            if let bytes = try await parts.store.setting(Self.keysSetting) {
                try use(try JSONDecoder().decode(Pinned.self, from: Data(bytes)))
            } else {
                let served = try await parts.api.logKeys(token: try parts.profile.token())
                try await pin(
                    Pinned(first: served.first, key: served.first, cosigner: served.cosigner, nameKey: Data(served.nameKey.bytes)))
            }
        }
        if !isLoaded { try await load() }
    }

    private func pin(_ pinned: Pinned) async throws {
        try use(pinned)
        try await parts.store.set(Self.keysSetting, Array(try JSONEncoder().encode(pinned)))
    }

    private func use(_ pinned: Pinned) throws {
        guard let log = VerifierKey(text: pinned.key), let freshness = VerifierKey(text: pinned.cosigner),
            VerifierKey(text: pinned.first) != nil
        else { throw MessengerError.note(.malformed) }
        keys = LogKeys(log: log, freshness: freshness)
        nameKey = SecretBytes(pinned.nameKey)
        self.pinned = pinned
    }

    private func load() async throws {
        let records = try await parts.store.logRecords()
        let loaded: LogView
        do {
            loaded = try LogView(replaying: records)
        } catch {
            throw MessengerError.store("its copy of the key log is damaged")
        }
        // Another task may have loaded meanwhile, and gone further.
        guard !isLoaded else { return }
        view = loaded
        if let text = try await parts.store.setting(Self.alarmSetting) {
            alarm = .store("the key log was found to be wrong: \(String(decoding: text, as: UTF8.self))")
        }
        isLoaded = true
    }
}
