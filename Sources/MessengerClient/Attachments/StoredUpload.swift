import KeyLog
import MessengerAPI
import MessengerCrypto

/// What this device keeps of an upload beside the encrypted file: sealed, for it holds the key.
struct StoredUpload: Codable, Sendable, CustomStringConvertible, CustomReflectable {
    /// A person, else a group.
    let to: String?
    let group: [UInt8]?
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

    init(_ draft: AttachmentDraft, size: Int, key: SecretBytes, sha256: [UInt8], sealedSize: Int) {
        switch draft.destination {
        case .person(let username): (to, group) = (username, nil)
        case .group(let id): (to, group) = (nil, id.bytes)
        }
        (name, mediaType, text) = (draft.name, draft.mediaType, draft.text)
        (self.size, self.key, self.sha256, self.sealedSize) = (size, key.exposed, sha256, sealedSize)
    }

    func attachment(in blob: BlobID) -> Attachment {
        Attachment(
            name: name, mediaType: mediaType, size: size, blob: blob.text, key: SecretBytes(key), sha256: sha256, text: text)
    }

    /// Nil for none that was stored.
    var destination: AttachmentDestination? {
        if let to { return .person(to) }
        return groupID.map { .group($0) }
    }

    private var groupID: ConversationID? { group.flatMap { ConversationID($0) } }

    func pending(_ id: PendingUpload.ID) -> PendingUpload {
        PendingUpload(id: id, to: to, group: groupID, name: name, size: size)
    }

    var description: String { "upload of \(size) bytes" }
    var customMirror: Mirror { Mirror(self, children: ["size": size]) }
}
