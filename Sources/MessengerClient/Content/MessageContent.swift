import MessengerCrypto

/// What a message says, by its type.
public enum MessageContent: Sendable, Hashable {
    /// `expiresAfter`: seconds, from sending on the sender's devices, from reading on each other one. Nil for the conversation's timer,
    /// 0 for a message that stays.
    case text(String, replyTo: MessageHash? = nil, expiresAfter: Int? = nil)
    /// Counts only from the author of the message.
    case edit(of: MessageHash, text: String)
    /// Counts only from the author of the message.
    case delete(of: MessageHash)
    /// An empty emoji takes it back.
    case reaction(of: MessageHash, emoji: String)
    case receipt(delivered: [MessageHash] = [], read: [MessageHash] = [])
    case attachment(Attachment)
    /// After how many seconds later messages of the conversation go by themselves; nil lets them stay.
    case timer(Int?)
    /// What becomes of a group.
    case group(GroupUpdate)
    /// The hash of an envelope that could not be opened.
    case askAgain(EnvelopeHash)
    /// Nothing to show.
    case notice
    /// A type that this version does not know, kept as it came.
    case unknown(type: UInt8, json: [UInt8])

    public var type: MessageType {
        switch self {
        case .text: .text
        case .edit: .edit
        case .delete: .delete
        case .reaction: .reaction
        case .receipt: .receipt
        case .attachment: .attachment
        case .group: .group
        case .timer: .timer
        case .askAgain: .askAgain
        case .notice: .notice
        case .unknown(let type, _): MessageType(rawValue: type)
        }
    }

    /// The message that this one is about, rather than one of its own.
    var target: MessageHash? {
        switch self {
        case .edit(let of, _), .delete(let of), .reaction(let of, _): of
        default: nil
        }
    }

    /// Whether it stands in a conversation by itself.
    var isShown: Bool {
        switch self {
        case .text, .attachment, .timer, .unknown: true
        case .group(let update): update.isShown
        default: false
        }
    }

    /// Whether its sender is told that it has arrived.
    var wantsReceipt: Bool {
        switch self {
        case .group, .timer: false
        default: isShown
        }
    }
}
