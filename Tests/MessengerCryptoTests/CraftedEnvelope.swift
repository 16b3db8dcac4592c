import Crypto
import KeyLog

@testable import MessengerCrypto

/// An envelope put together by hand, so that each of its parts can be wrong.
struct CraftedEnvelope {
    let world: TestWorld
    let signer: SigningKey
    var recipient: Recipient
    var toAccount: AccountID
    var toSeq: UInt32
    var message: [UInt8]
    var secret = SecretBytes.random(32)
    /// In place of the commitment that follows from the secret.
    var commitment: [UInt8]?
    /// In place of the secret, in the slots.
    var slotSecret: SecretBytes?
    var slotServer: ServerID
    var paddedSize: Int?
    var padding: UInt8 = 0
    var changeSlots: ([EnvelopeSlot]) -> [EnvelopeSlot] = { $0 }
    var changeSignature: ([UInt8]) -> [UInt8] = { $0 }

    init(_ world: TestWorld, _ message: Message, from device: TestDevice, to recipient: Recipient) {
        self.world = world
        signer = device.key
        self.recipient = recipient
        toAccount = recipient.account
        toSeq = recipient.seq
        self.message = message.bytes
        slotServer = world.server
    }

    func bytes() throws -> [UInt8] {
        let keys = BodyKeys(secret: secret)
        let commitment = commitment ?? keys.commitment
        let slots = try recipient.keys.map { key in
            let info = EnvelopeSlot.info(
                server: slotServer, account: recipient.account, device: key.device, keyID: key.id, commitment: commitment)
            return EnvelopeSlot(
                device: key.device, keyID: key.id, kem: key.suite.rawValue,
                sealed: try key.publicKey.seal(slotSecret ?? secret, info: info))
        }
        let signed = SignedMessage(account: toAccount, seq: toSeq, message: message).bytes
        let size = paddedSize ?? Envelope.paddedSize(for: 64 + signed.count) ?? 65_536
        let head = Envelope.head(paddedSize: size, commitment: commitment, slots: changeSlots(slots))
        let headHash = Array(SHA256.hash(data: head))
        let signature = changeSignature(try signer.signature(SignedMessage.label, server: world.server, headHash + signed))
        let plaintext = signature + signed
        let body = plaintext + Array(repeating: padding, count: size - plaintext.count)
        return head + (try keys.seal(body, headHash: headHash))
    }
}
