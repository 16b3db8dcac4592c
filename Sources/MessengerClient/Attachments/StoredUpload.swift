import MessengerAPI
import MessengerCrypto

/// What this device keeps of an upload beside the encrypted file: sealed, for it holds the key.
struct StoredUpload: Codable, Sendable, CustomStringConvertible, CustomReflectable {
    let to: String
    let name: String
    let mediaType: String
    let text: String?
    /// Of the plain file.
    let size: Int
    let key: [UInt8]
    /// Of the encrypted file.
    let sha256: [UInt8]
    let sealedSize: Int
    /// Nil before the server has given one.
    var blob: String?

    func attachment(in blob: BlobID) -> Attachment {
        Attachment(
            name: name, mediaType: mediaType, size: size, blob: blob.text, key: SecretBytes(key), sha256: sha256, text: text)
    }

    func pending(_ id: PendingUpload.ID) -> PendingUpload { PendingUpload(id: id, to: to, name: name, size: size) }

    var description: String { "upload of \(size) bytes" }
    var customMirror: Mirror { Mirror(self, children: ["size": size]) }
}
