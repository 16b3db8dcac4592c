import KeyLog
import MessengerCrypto

/// A file that is to be sent and is not wholly at the server yet. Its name is in no description.
public struct PendingUpload: Sendable, Identifiable, CustomStringConvertible, CustomReflectable {
    /// Names it on this device.
    public struct ID: Sendable, Hashable {
        let bytes: [UInt8]
        var text: String { Hexadecimal.text(bytes) }

        static func random() -> ID { ID(bytes: SecretBytes.random(16).exposed) }
    }

    public let id: ID
    /// Nil for a file to a group.
    public let to: String?
    public let group: ConversationID?
    public let name: String
    /// Of the plain file, in bytes.
    public let size: Int

    public var description: String { "upload of \(size) bytes" }
    public var customMirror: Mirror { Mirror(self, children: ["size": size]) }
}
