import KeyLog
import MessengerCrypto

/// For whom an envelope was sealed: who asks for it again must have been among them.
struct SentSlots: Sendable {
    let envelope: EnvelopeHash
    let account: AccountID
    let devices: [DeviceFingerprint]

    var bytes: [UInt8] { envelope.bytes + account.bytes + devices.flatMap(\.bytes) }

    init(envelope: EnvelopeHash, account: AccountID, devices: [DeviceFingerprint]) {
        self.envelope = envelope
        self.account = account
        self.devices = devices
    }

    init(_ sealed: SealedEnvelope, of recipient: Recipient) {
        let skipped = Set(sealed.skipped.map(\.device))
        self.init(
            envelope: EnvelopeHash(of: sealed.bytes), account: sealed.account,
            devices: recipient.keys.map(\.device).filter { !skipped.contains($0) })
    }

    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let envelope = try? reader.fixed(EnvelopeHash.self), let account = try? reader.fixed(AccountID.self) else {
            return nil
        }
        var devices: [DeviceFingerprint] = []
        while reader.remaining > 0 {
            guard let device = try? reader.fixed(DeviceFingerprint.self) else { return nil }
            devices.append(device)
        }
        self.init(envelope: envelope, account: account, devices: devices)
    }
}
