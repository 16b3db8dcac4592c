import FoundationEssentials

/// A C2SP signed note: text, and lines that sign it. Nothing in it is to be believed before `verify`.
public struct SignedNote: Hashable, Sendable {
    static let maximumSize = 65_536
    static let maximumSignatures = 64
    private static let signatureMark = "\u{2014} "

    /// With the newline at its end.
    public let text: String
    public var signatures: [NoteSignature]

    public init(text: String, signatures: [NoteSignature]) {
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note strictly: UTF-8 without control characters, an empty line before the signatures, each line in form.
    public init(_ bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.maximumSize, let note = String(validating: bytes, as: UTF8.self),
            note.unicodeScalars.allSatisfy({ $0.value >= 0x20 || $0 == "\n" })
        else { throw .malformed }
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
        // The newline at the end leaves an empty last part.
        guard lines.last == "", let blank = lines.dropLast().lastIndex(of: ""), blank > 0 else { throw .malformed }
        let signatureLines = lines[(blank + 1)...].dropLast()
        guard !signatureLines.isEmpty, signatureLines.count <= Self.maximumSignatures else { throw .malformed }
        signatures = []
        for line in signatureLines { signatures.append(try Self.signature(line)) }
        text = lines[..<blank].joined(separator: "\n") + "\n"
    }

    public var bytes: [UInt8] {
        let lines = signatures.map { signature in
            var material: [UInt8] = []
            material.append(bigEndian: signature.keyID)
            return "\(Self.signatureMark)\(signature.name) \(Base64.text(material + signature.bytes))\n"
        }
        return Array((text + "\n" + lines.joined()).utf8)
    }

    /// Whether the key has signed; for a cosignature, the time it says. A wrong signature under the key's name and id is an
    /// error, not the same as none.
    public func verify(_ key: VerifierKey) throws(NoteError) -> NoteVerification? {
        var found: NoteVerification?
        for signature in signatures where signature.name == key.name && signature.keyID == key.id {
            var reader = ByteReader(signature.bytes)
            var time: UInt64 = 0
            if key.kind == .cosignature {
                guard let stated = try? reader.integer(UInt64.self) else { throw .badSignature }
                time = stated
            }
            guard time <= UInt64(Int64.max), let proof = try? reader.take(reader.remaining),
                Ed25519.isValid(
                    signature: proof, of: Self.signedBytes(text: text, kind: key.kind, time: time), by: key.publicKey)
            else { throw .badSignature }
            if let earlier = found, earlier.time >= time { continue }
            found = NoteVerification(time: time)
        }
        return found
    }

    static func signedBytes(text: String, kind: NoteKeyKind, time: UInt64) -> [UInt8] {
        switch kind {
        case .ed25519: Array(text.utf8)
        case .cosignature: Array("cosignature/v1\ntime \(time)\n\(text)".utf8)
        }
    }

    private static func signature(_ line: Substring) throws(NoteError) -> NoteSignature {
        guard line.hasPrefix(signatureMark) else { throw .malformed }
        let parts = line.dropFirst(signatureMark.count).split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, VerifierKey.isName(parts[0]), let material = Base64.bytes(String(parts[1])), material.count > 4
        else { throw .malformed }
        return NoteSignature(
            name: String(parts[0]), keyID: material.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
            bytes: Array(material.dropFirst(4)))
    }
}
