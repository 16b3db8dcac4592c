/// The keys by which a client knows its log: pinned at first contact, replaced only by a checkpoint that both keys signed.
public struct LogKeys: Hashable, Sendable {
    public let log: VerifierKey
    /// Its cosignatures say how fresh a checkpoint is.
    public let freshness: VerifierKey

    public init(log: VerifierKey, freshness: VerifierKey) {
        self.log = log
        self.freshness = freshness
    }

    /// Reads a checkpoint and checks who signed it. The origin must be the name of the log's key.
    public func open(_ note: [UInt8]) throws(NoteError) -> SignedCheckpoint {
        let note = try SignedNote(note)
        guard try note.verify(log) != nil else { throw .notSigned }
        let checkpoint = try Checkpoint(text: note.text)
        guard checkpoint.origin == log.name else { throw .otherOrigin }
        return SignedCheckpoint(checkpoint: checkpoint, freshAt: try note.verify(freshness)?.time)
    }

    /// The keys after a change of the log's key. The note must be signed by the old key and the new one.
    public func replacingLog(by newKey: VerifierKey, introducedBy note: [UInt8]) throws(NoteError) -> LogKeys {
        let opened = try SignedNote(note)
        guard newKey.name == log.name else { throw .otherOrigin }
        guard try opened.verify(newKey) != nil else { throw .notSigned }
        _ = try open(note)
        return LogKeys(log: newKey, freshness: freshness)
    }

    /// Reads a checkpoint that a later key of the log has signed, going from key to key by what introduces them.
    ///
    /// - Parameter introductions: all that the log has had, the oldest first.
    /// - Returns: the keys that have signed; the checkpoint; and those by which the keys were introduced, for the caller to
    ///   compare with the log. Throws `NoteError.notIntroduced` when no chain of keys leads from these to the checkpoint.
    public func open(
        _ note: [UInt8], following introductions: [KeyIntroduction]
    ) throws(NoteError) -> (keys: LogKeys, signed: SignedCheckpoint, introducedBy: [Checkpoint]) {
        let opened = try SignedNote(note)
        var keys = self
        var passed: [Checkpoint] = []
        let known = introductions.lastIndex { $0.key == log }.map { $0 + 1 } ?? 0
        for introduction in introductions[known...] {
            guard try SignedNote(introduction.note).verify(keys.log) != nil else { throw .notIntroduced }
            passed.append(try keys.open(introduction.note).checkpoint)
            keys = try keys.replacingLog(by: introduction.key, introducedBy: introduction.note)
            // The log may have changed its key once more since it signed.
            if try opened.verify(keys.log) != nil { return (keys, try keys.open(note), passed) }
        }
        throw .notIntroduced
    }
}
