import MessengerClient

/// What a chat on a terminal reacts to.
enum ChatEvent: Sendable {
    case key(Key)
    /// The terminal is gone.
    case hangUp
    case resized
    /// The history has changed: something came, went out, or was read.
    case changed
    /// Something came, from whomever.
    case received(ReceivedMessage)
    /// The messages at these positions have gone by themselves.
    case expired(Set<Int64>)
    case online(Bool)
    case note(String, Style.Role)
    /// The connection has ended for good.
    case ended(any Error)
}
