import KeyLog

/// The secret of an envelope, sealed to one key of one device.
struct EnvelopeSlot: Hashable, Sendable {
    let device: DeviceFingerprint
    let keyID: KeyID
    /// HPKE's number, which this client may not know.
    let kem: UInt16
    /// Encapsulated key and ciphertext.
    let sealed: [UInt8]

    var bytes: [UInt8] {
        var bytes = device.bytes + keyID.bytes
        bytes.append(bigEndian: kem)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: sealed.count))
        return bytes + sealed
    }

    /// What HPKE binds the sealed secret to.
    static func info(
        server: ServerID, account: AccountID, device: DeviceFingerprint, keyID: KeyID, commitment: [UInt8]
    ) -> [UInt8] {
        Label.bytes("slot") + server.bytes + account.bytes + device.bytes + keyID.bytes + commitment
    }
}
