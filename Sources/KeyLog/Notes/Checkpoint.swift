/// The state of a log, as C2SP tlog-checkpoint writes it: origin, number of entries, root.
public struct Checkpoint: Hashable, Sendable {
    public let origin: String
    public let size: UInt64
    public let root: TreeHash
    /// Further lines, signed but without meaning here. Our logs write none, except for a new origin.
    public let extensions: [String]

    /// - Parameter origin: not empty, one line.
    public init(origin: String, size: UInt64, root: TreeHash, extensions: [String] = []) {
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions
    }

    /// Reads a note's text; only the way `text` writes it.
    public init(text: String) throws(NoteError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        guard lines.count >= 3, !lines.contains(""), let size = UInt64(lines[1]),
            let root = Base64.bytes(String(lines[2])).flatMap({ TreeHash($0) })
        else { throw .malformed }
        self.init(origin: String(lines[0]), size: size, root: root, extensions: lines.dropFirst(3).map(String.init))
        if self.text != text { throw .malformed }
    }

    public var text: String {
        ([origin, String(size), Base64.text(root.bytes)] + extensions).map { $0 + "\n" }.joined()
    }

    /// A note with the signatures of all these keys, the cosignatures as of `time`.
    public func note(signedBy signers: [NoteSigner], time: UInt64 = 0) throws -> SignedNote {
        let text = text
        return SignedNote(text: text, signatures: try signers.map { try $0.signature(of: text, time: time) })
    }
}
