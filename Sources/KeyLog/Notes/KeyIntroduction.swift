/// A new key of a log, and the checkpoint that introduces it: signed with the key before it and with itself.
public struct KeyIntroduction: Hashable, Sendable {
    public let key: VerifierKey
    public let note: [UInt8]

    public init(key: VerifierKey, note: [UInt8]) {
        self.key = key
        self.note = note
    }
}
