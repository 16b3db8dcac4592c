import MessengerAPI

/// Whose keys are asked for.
public enum AccountReference: Sendable {
    case user(UserID)
    case name(Username)
}
