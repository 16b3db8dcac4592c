import Foundation
import KeyLog
import MessengerAPI

/// The keys of an installation's key log, as its database keeps them.
public struct LogSecrets: Sendable {
    /// A secret by its name in the database. Made at random at the first start; only `signer` ever changes.
    public enum Part: String, Sendable, CaseIterable {
        case origin = "log-origin"
        case signer = "log-key"
        case cosigner = "log-cosigner"
        case nameKey = "log-name-key"

        public var byteCount: Int { self == .origin ? 16 : 32 }
    }

    /// The name of a secret that is there once the log's key has changed: how. No secret, but it belongs to the keys.
    public static let successionName = "log-succession"

    private struct Succession: Codable {
        var first: String
        var introductions: [LogKeysResponse.Introduction]
    }

    private let signer: NoteSigner
    private let cosigner: NoteSigner
    private let nameKey: [UInt8]
    private let first: VerifierKey
    private let introductions: [KeyIntroduction]

    /// Throws `StoreError.unavailable` for secrets that are none.
    public init(succession: [UInt8]? = nil, _ secret: (Part) throws -> [UInt8]) throws {
        let origin = "messenger/" + Hexadecimal.text(try secret(.origin))
        guard let signer = NoteSigner(name: origin, kind: .ed25519, seed: try secret(.signer)),
            let cosigner = NoteSigner(name: origin + "/freshness", kind: .cosignature, seed: try secret(.cosigner))
        else { throw StoreError.unavailable("the keys of the key log are damaged") }
        self.signer = signer
        self.cosigner = cosigner
        nameKey = try secret(.nameKey)
        let past = try succession.map { try JSONDecoder().decode(Succession.self, from: Data($0)) }
        guard let first = past.map({ VerifierKey(text: $0.first) }) ?? signer.verifierKey,
            let introductions = past.map({ KeyIntroduction.list($0.introductions) }) ?? []
        else { throw StoreError.unavailable("the keys of the key log are damaged") }
        self.first = first
        self.introductions = introductions
    }

    public var identity: LogIdentity {
        LogIdentity(
            first: first, key: signer.verifierKey, introductions: introductions, cosigner: cosigner.verifierKey,
            nameKey: nameKey)
    }

    /// What to write, in one transaction, so that another key signs from now on.
    ///
    /// - Parameter head: the newest checkpoint, with the head locked.
    public func rotation(at head: [UInt8], now: Timestamp) throws -> LogKeyRotation {
        let seed = SecureRandom.bytes(Part.signer.byteCount)
        guard let next = NoteSigner(name: signer.verifierKey.name, kind: .ed25519, seed: seed) else {
            throw StoreError.unavailable("the keys of the key log are damaged")
        }
        let checkpoint = try Checkpoint(text: try SignedNote(head).text)
        let note = try checkpoint.note(signedBy: [signer, next]).bytes
        let all = introductions + [KeyIntroduction(key: next.verifierKey, note: note)]
        let succession = Succession(first: first.description, introductions: all.map { LogKeysResponse.Introduction($0) })
        return LogKeyRotation(
            signer: seed, succession: Array(try JSONEncoder().encode(succession)), checkpoint: try refresh(note, now: now))
    }

    /// A checkpoint as it is served, signed by the log's key, with a cosignature of now. Only for the transaction that
    /// gives the log this size.
    func note(size: UInt64, root: TreeHash, now: Timestamp) throws -> [UInt8] {
        try Checkpoint(origin: signer.verifierKey.name, size: size, root: root)
            .note(signedBy: [signer, cosigner], time: now.noteTime).bytes
    }

    /// The same checkpoint with a cosignature of now in place of the older one.
    public func refresh(_ note: [UInt8], now: Timestamp) throws -> [UInt8] {
        var note = try SignedNote(note)
        note.signatures.removeAll { $0.keyID == cosigner.verifierKey.id && $0.name == cosigner.verifierKey.name }
        note.signatures.append(try cosigner.signature(of: note.text, time: now.noteTime))
        return note.bytes
    }
}

extension Timestamp {
    fileprivate var noteTime: UInt64 { UInt64(max(0, seconds)) }
}
