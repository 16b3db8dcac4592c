/// Why a message cannot be written. Never says anything of the content.
public enum MessageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// More than 65,180 bytes: such content goes as an attachment.
    case contentTooLong
    /// Not JSON as `StrictJSON` reads it.
    case notStrictJSON

    public var description: String {
        switch self {
        case .contentTooLong: "The message is too long. Send it as an attachment."
        case .notStrictJSON: "The content of the message has a form that other clients could read differently."
        }
    }
}
