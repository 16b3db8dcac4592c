import KeyLog

/// Checks E14 to E18: what a verified message says against what this device knows. They refuse nothing by themselves; what
/// they find is shown with the message, or in its place.
public enum MessageChecks {
    /// E14. In a direct conversation, one of its two accounts wrote it.
    public static func isFromMember(_ message: Message, of conversation: Conversation) -> Bool {
        guard message.conversation == conversation.id else { return false }
        return conversation.accounts.contains(message.fromAccount)
    }

    /// E15. Content that every client reads alike, and the state of the group that this device has.
    public static func fits(_ message: Message, _ conversation: Conversation) -> Bool {
        message.hasStrictContent && message.groupEpoch == conversation.epoch && message.groupState == conversation.state
    }

    /// E14 to E18 in their order.
    ///
    /// - Parameters:
    ///   - knownHash: the message that came from the same account under the same id, if one did.
    ///   - sequence: of the sending device in this conversation; takes the message.
    ///   - log: replayed at least up to the size that the message names, or as far as the server's log goes.
    public static func findings(
        for message: Message, in conversation: Conversation, knownHash: MessageHash?, sequence: inout MessageSequence,
        log: LogView
    ) -> [EnvelopeCheck] {
        var findings: [EnvelopeCheck] = []
        let hash = message.hash
        if !isFromMember(message, of: conversation) { findings.append(.conversation) }
        if !fits(message, conversation) { findings.append(.content) }
        if let knownHash, knownHash != hash { findings.append(.sameID) }
        if sequence.take(counter: message.counter, previous: message.previous, hash: hash) { findings.append(.gap) }
        if log.verdict(on: message.logClaim) != .agrees { findings.append(.log) }
        return findings
    }
}
