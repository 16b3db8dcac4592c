import KeyLog

/// What the sending device signs in an envelope: the message, and for which account at which of its states.
struct SignedMessage {
    static let label: StaticString = "envelope"
    /// The signature and what stands before the message.
    static let overhead = Ed25519.signatureSize + AccountID.byteCount + 4

    let account: AccountID
    let seq: UInt32
    let message: [UInt8]

    var bytes: [UInt8] {
        var bytes = account.bytes
        bytes.append(bigEndian: seq)
        return bytes + message
    }
}
