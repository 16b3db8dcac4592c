import KeyLog

/// The keys of an installation's key log, as its database keeps them.
public struct LogSecrets: Sendable {
    /// A secret by its name in the database. Made at random at the first start, and the same ever after.
    public enum Part: String, Sendable, CaseIterable {
        case origin = "log-origin"
        case signer = "log-key"
        case cosigner = "log-cosigner"
        case nameKey = "log-name-key"

        public var byteCount: Int { self == .origin ? 16 : 32 }
    }

    private let signer: NoteSigner
    private let cosigner: NoteSigner
    private let nameKey: [UInt8]

    /// Throws `StoreError.unavailable` for secrets that are none.
    public init(_ secret: (Part) throws -> [UInt8]) throws {
        let origin = "messenger/" + Hexadecimal.text(try secret(.origin))
        guard let signer = NoteSigner(name: origin, kind: .ed25519, seed: try secret(.signer)),
            let cosigner = NoteSigner(name: origin + "/freshness", kind: .cosignature, seed: try secret(.cosigner))
        else { throw StoreError.unavailable("the keys of the key log are damaged") }
        self.signer = signer
        self.cosigner = cosigner
        nameKey = try secret(.nameKey)
    }

    public var identity: LogIdentity {
        LogIdentity(
            first: signer.verifierKey, key: signer.verifierKey, cosigner: cosigner.verifierKey, nameKey: nameKey)
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
