import KeyLog

/// Opens envelopes on one device, in two steps: with the device's private key, and with the sender's account chain, which
/// may have to be fetched between them.
public struct EnvelopeOpener: Sendable {
    public let server: ServerID
    public let account: AccountID
    public let device: DeviceFingerprint
    /// The suite in the device's certificate.
    public let suite: KEMSuite

    public init(server: ServerID, account: AccountID, device: DeviceFingerprint, suite: KEMSuite) {
        self.server = server
        self.account = account
        self.device = device
        self.suite = suite
    }

    /// The key that an envelope asks this device for, without opening it.
    public func keyID(of envelope: [UInt8]) throws(EnvelopeCheck) -> KeyID { try slot(in: Envelope(envelope)).keyID }

    /// Checks E01 to E09. What comes out is not to be believed, nor shown, before `verify`.
    ///
    /// - Parameter privateKey: the private half of a rotating or one-time key of this device; nil when it is gone.
    public func unseal(_ envelope: [UInt8], privateKey: (KeyID) -> KEMPrivateKey?) throws(EnvelopeCheck) -> UnverifiedMessage {
        let parts = try Envelope(envelope)
        let slot = try slot(in: parts)
        guard let key = privateKey(slot.keyID) else { throw .keyGone }
        guard slot.kem == suite.rawValue, key.suite == suite else { throw .suite }
        let info = EnvelopeSlot.info(
            server: server, account: account, device: device, keyID: slot.keyID, commitment: parts.commitment)
        guard let secret = key.open(slot.sealed, info: info), secret.count == BodyKeys.secretSize else { throw .keyEncapsulation }
        let keys = BodyKeys(secret: secret)
        guard keys.isCommitted(by: parts.commitment) else { throw .commitment }
        guard let plaintext = keys.open(parts.body, headHash: parts.headHash) else { throw .body }
        return try UnverifiedMessage(
            plaintext: plaintext, headHash: parts.headHash, slots: parts.slots.map(\.device), keyID: slot.keyID,
            envelope: EnvelopeHash(of: envelope))
    }

    /// Checks E10 to E13.
    ///
    /// - Parameters:
    ///   - claimedSender: the account that the directory has under the sender whom the server names.
    ///   - sender: the chain of the account that the message names, at least up to the state it names; nil when there is none.
    ///   - own: the chain of this device's account.
    public func verify(
        _ unverified: UnverifiedMessage, claimedSender: AccountID, sender: AccountChain?, own: AccountChain
    ) throws(EnvelopeCheck) -> OpenedMessage {
        let message = unverified.message
        guard unverified.toAccount == account, message.fromAccount == claimedSender else { throw .account }
        guard let sender, sender.account == message.fromAccount, sender.seq >= message.fromSeq,
            let certificate = sender.certificate(of: message.fromDevice)
        else { throw .device }
        let standing = sender.standing(of: message.fromDevice)
        if standing == .unknown { throw .device }
        let signed = unverified.headHash + unverified.signedBytes
        guard
            SignedBytes.isValid(
                unverified.signature, label: SignedMessage.label, server: server, signed, by: certificate.deviceKey)
        else { throw .signature }
        var findings: [EnvelopeCheck] = []
        if standing != .current { findings.append(.device) }
        if Set(unverified.slots) != expectedSlots(unverified, own: own) { findings.append(.deviceList) }
        return OpenedMessage(
            message: message, toSeq: unverified.toSeq, keyID: unverified.keyID, envelope: unverified.envelope,
            fromDevice: certificate, findings: findings)
    }

    /// Both steps at once, for those who have the sender's chain at hand.
    public func open(
        _ envelope: [UInt8], claimedSender: AccountID, own: AccountChain, privateKey: (KeyID) -> KEMPrivateKey?,
        chain: (AccountID) -> AccountChain?
    ) throws(EnvelopeCheck) -> OpenedMessage {
        let unverified = try unseal(envelope, privateKey: privateKey)
        return try verify(unverified, claimedSender: claimedSender, sender: chain(unverified.fromAccount), own: own)
    }

    private func slot(in envelope: Envelope) throws(EnvelopeCheck) -> EnvelopeSlot {
        guard let slot = envelope.slots.first(where: { $0.device == device }) else { throw .noSlot }
        return slot
    }

    /// All devices of the account as the sender knew it; not the sender itself, if it is one of them.
    private func expectedSlots(_ message: UnverifiedMessage, own: AccountChain) -> Set<DeviceFingerprint>? {
        var devices = own.devices(at: message.toSeq)
        if message.fromAccount == account { devices?.remove(message.message.fromDevice) }
        return devices
    }
}
