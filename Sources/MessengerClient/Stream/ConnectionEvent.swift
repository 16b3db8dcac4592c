import MessengerCrypto

/// What happens beside the messages.
public enum ConnectionEvent: Sendable, Hashable {
    case connected
    /// Everything that waited has come.
    case caughtUp
    /// The next attempt comes after this time.
    case disconnected(retryIn: Duration)
    /// Somebody now has, or has read, these messages of one's own.
    case receipts([MessageHash])
    /// A message of one's own has gone out, or never will.
    case outboxChanged
    /// A message came: `messages` gives it out.
    case arrived(HistoryPosition)
    /// These messages have gone by themselves.
    case expired([HistoryPosition])
    /// A group has other members or another name.
    case groupChanged(ConversationID)
    /// The server has dropped messages that this device did not fetch in time.
    case missed(count: Int64)
    /// Somebody has got devices that this one had not seen before; one's own are devices that can be revoked if their owner did
    /// not add them.
    case newDevices(of: String, [Device])
    /// Something that a person should see.
    case warning(String)
}
