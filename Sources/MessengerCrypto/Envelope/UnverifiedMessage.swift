import KeyLog

/// What a device found in an envelope, before it is known who wrote it. Of the message it tells only whose chain is needed.
public struct UnverifiedMessage: Sendable, CustomStringConvertible, CustomReflectable {
    let message: Message
    let toAccount: AccountID
    let toSeq: UInt32
    let signature: [UInt8]
    let signedBytes: [UInt8]
    let headHash: [UInt8]
    let slots: [DeviceFingerprint]
    let keyID: KeyID
    let envelope: EnvelopeHash

    /// Checks E02 (of the message) and E09.
    init(
        plaintext: [UInt8], headHash: [UInt8], slots: [DeviceFingerprint], keyID: KeyID, envelope: EnvelopeHash
    ) throws(EnvelopeCheck) {
        var reader = ByteReader(plaintext)
        guard let signature = try? reader.take(Ed25519.signatureSize), let toAccount = try? reader.fixed(AccountID.self),
            let toSeq = try? reader.integer(UInt32.self)
        else { throw .padding }
        let (message, end) = try Message.parse(plaintext, from: reader.position)
        guard Envelope.paddedSize(for: end) == plaintext.count, plaintext[end...].allSatisfy({ $0 == 0 }) else { throw .padding }
        self.message = message
        self.toAccount = toAccount
        self.toSeq = toSeq
        self.signature = Array(signature)
        self.signedBytes = Array(plaintext[Ed25519.signatureSize..<end])
        self.headHash = headHash
        self.slots = slots
        self.keyID = keyID
        self.envelope = envelope
    }

    /// The account whose chain verifies the message.
    public var fromAccount: AccountID { message.fromAccount }
    /// The chain must reach at least this state.
    public var fromSeq: UInt32 { message.fromSeq }

    public var description: String { "unverified message from \(fromAccount)" }
    public var customMirror: Mirror { Mirror(self, children: ["fromAccount": fromAccount]) }
}
