import MessengerClient

extension ChatEntry {
    /// - Parameters:
    ///   - quoted: the text of the message that this one answers, if it is here.
    ///   - save: what saves the file of a message, but for the number; nil when that is not to be said.
    init(_ item: HistoryItem, quoted: String? = nil, save: String? = nil) {
        self.init(
            position: item.position.rawValue, sender: item.sender, isMine: item.isFromMe, sent: item.sent,
            text: item.attachment.map { Self.text(of: $0, at: item.position, save: item.isFromMe ? nil : save) }
                ?? item.text ?? Self.words(for: item),
            quote: item.replyTo == nil ? nil : quoted ?? "(a message that is not here)", isEdited: item.isEdited,
            isDeleted: item.isDeleted, expires: item.expiresAfter.map { TimeSpan(seconds: $0).text },
            reactions: item.reactions.map { "\($0.emoji) \($0.sender)" },
            tick: item.delivery.map(Tick.init), warnings: item.findings.map(\.description))
    }

    /// - Parameter group: the name of the group that it was written in.
    init(_ message: ReceivedMessage, group: String? = nil) {
        self.init(
            position: message.position.rawValue, sender: message.sender, isMine: message.isFromMe, group: group,
            sent: message.sent, text: Self.words(for: message),
            expires: message.expiresAfter.map { TimeSpan(seconds: $0).text }, warnings: message.findings.map(\.description))
    }

    private static func words(for item: HistoryItem) -> String {
        item.timer.map(words) ?? words(for: item.groupEvents)
    }

    private static func words(for timer: ConversationTimer) -> String {
        switch timer {
        case .set(let seconds): "(messages go after \(TimeSpan(seconds: seconds).text) from now on)"
        case .off: "(messages stay from now on)"
        }
    }

    private static func words(for events: [GroupEvent]) -> String {
        events.isEmpty ? "(cannot be read)" : "(\(events.map(\.words).joined(separator: ", ")))"
    }

    private static func words(for message: ReceivedMessage) -> String {
        switch message.content {
        case .text(let text, _, _): text
        case .group: words(for: message.groupEvents)
        case .timer: message.timer.map(words) ?? "(cannot be read)"
        case .edit(_, let text): "(changed a message) \(text)"
        case .delete: "(deleted a message)"
        case .reaction(_, let emoji): emoji.isEmpty ? "(took a reaction back)" : emoji
        case .attachment(let file): text(of: file, at: message.position, save: message.isFromMe ? nil : "messenger save")
        case .unknown(let type, _): "(a message of a kind that this version does not know: \(type))"
        default: "(cannot be read)"
        }
    }
}

extension ChatEntry.Tick {
    init(_ delivery: Delivery) {
        switch delivery {
        case .waiting: self = .waiting
        case .accepted: self = .accepted
        case .delivered: self = .delivered
        case .read: self = .read
        case .refused: self = .refused
        }
    }
}
