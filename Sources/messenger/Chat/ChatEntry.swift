import Foundation

/// One message as the chat shows it.
struct ChatEntry: Hashable, Sendable {
    /// How far a message of one's own got.
    enum Tick: String, Hashable, Sendable, Encodable {
        case waiting, accepted, delivered, read, refused
    }

    /// Where it stands in the history; later ones are greater.
    var position: Int64
    var sender: String
    var isMine: Bool
    /// Where it is not clear by itself: the group that it was written in.
    var group: String?
    var sent: Date
    var text: String
    /// The beginning of the message that this one answers.
    var quote: String?
    var isEdited = false
    var isDeleted = false
    /// After how long it goes by itself, such as 1h.
    var expires: String?
    /// Such as "👍 ann".
    var reactions: [String] = []
    /// Of one's own.
    var tick: Tick?
    /// What was wrong with it, in words.
    var warnings: [String] = []
}
