import Crypto
import KeyLog

/// Seals one message to the devices of many accounts.
public struct EnvelopeSealer: Sendable {
    public let server: ServerID
    private let deviceKey: SigningKey

    /// - Parameter deviceKey: of the sending device, which the message names.
    public init(server: ServerID, deviceKey: SigningKey) {
        self.server = server
        self.deviceKey = deviceKey
    }

    /// One envelope for each account that has a device which can be sealed to, in the order of the recipients. Each has a
    /// secret of its own, also when the same message is sealed again.
    public func seal(_ message: Message, to recipients: [Recipient]) throws -> [SealedEnvelope] {
        try recipients.compactMap { try seal(message.bytes, to: $0, secret: .random(BodyKeys.secretSize)) }
    }

    private func seal(_ message: [UInt8], to recipient: Recipient, secret: SecretBytes) throws -> SealedEnvelope? {
        let keys = BodyKeys(secret: secret)
        var slots: [EnvelopeSlot] = []
        var skipped = recipient.skipped
        for key in recipient.keys.prefix(Envelope.maximumSlots) {
            let info = EnvelopeSlot.info(
                server: server, account: recipient.account, device: key.device, keyID: key.id, commitment: keys.commitment)
            guard let sealed = try? key.publicKey.seal(secret, info: info) else {
                skipped.append(SkippedDevice(account: recipient.account, device: key.device, reason: .wrongKey))
                continue
            }
            slots.append(EnvelopeSlot(device: key.device, keyID: key.id, kem: key.suite.rawValue, sealed: sealed))
        }
        guard !slots.isEmpty else { return nil }
        let signed = SignedMessage(account: recipient.account, seq: recipient.seq, message: message)
        let bytes = try assemble(signed, slots: slots, keys: keys)
        return SealedEnvelope(account: recipient.account, seq: recipient.seq, bytes: bytes, skipped: skipped)
    }

    private func assemble(_ signed: SignedMessage, slots: [EnvelopeSlot], keys: BodyKeys) throws -> [UInt8] {
        guard let size = Envelope.paddedSize(for: Ed25519.signatureSize + signed.bytes.count) else {
            throw MessageError.contentTooLong
        }
        let head = Envelope.head(paddedSize: size, commitment: keys.commitment, slots: slots)
        let headHash = Array(SHA256.hash(data: head))
        var plaintext = try deviceKey.signature(SignedMessage.label, server: server, headHash + signed.bytes) + signed.bytes
        plaintext += Array(repeating: 0, count: size - plaintext.count)
        return head + (try keys.seal(plaintext, headHash: headHash))
    }
}
