import MessengerAPI

/// What a live stream says.
enum ServerEvent: Sendable, Equatable {
    case message(DeliveredMessage)
    case caughtUp
    /// These numbers will not come any more.
    case gap(Gap)
    /// A newer stream of the same device.
    case replaced
    case loggedOut
    /// The server stops.
    case closing
}
