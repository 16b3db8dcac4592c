/// What can be wrong with an envelope or the message in it. The order is that of the checks; up to `signature` nothing of
/// the content is shown.
public enum EnvelopeCheck: UInt8, Error, CaseIterable, Sendable, CustomStringConvertible {
    case malformed = 1
    case version
    case noSlot
    case keyGone
    case suite
    case keyEncapsulation
    case commitment
    case body
    case padding
    case account
    case device
    case signature
    case deviceList
    case conversation
    case content
    case sameID
    case gap
    case log

    /// E01 to E18: the same in every client, and in every bug report.
    public var code: String { (rawValue < 10 ? "E0" : "E") + String(rawValue) }

    /// For a person.
    public var description: String { "\(words) (\(code))" }

    private var words: String {
        switch self {
        case .malformed: "This message is damaged and cannot be read."
        case .version: "This message was written by a newer version. Update to read it."
        case .noSlot: "This message was not encrypted for this device."
        case .keyGone: "The key for this message is no longer on this device."
        case .suite: "This message uses another kind of encryption than this device was certified for."
        case .keyEncapsulation: "The key of this message cannot be opened on this device."
        case .commitment: "The key of this message does not belong to it."
        case .body: "This message was changed on its way."
        case .padding: "This message has a form that no client of ours writes."
        case .account: "This message is not for you, or not from the account that the server names."
        case .device: "This message comes from a device that does not, or no longer, belong to its sender."
        case .signature: "This message was not signed by the device that it names."
        case .deviceList: "This message was encrypted for other devices than yours."
        case .conversation: "The sender of this message is not in this conversation."
        case .content: "The content of this message cannot be understood, or belongs to another state of the group."
        case .sameID: "The sender sent another message under the same name."
        case .gap: "Messages before this one are missing."
        case .log: "The sender sees another key log than you. Somebody may be deceiving one of you."
        }
    }
}
