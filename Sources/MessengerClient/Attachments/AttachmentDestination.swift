import KeyLog
import MessengerCrypto

/// To whom a file goes.
enum AttachmentDestination: Sendable, Hashable {
    case person(String)
    case group(ConversationID)
}
