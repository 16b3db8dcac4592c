/// Why an account call was refused.
public enum AccountError: Error, Equatable, Sendable {
    /// A field is missing or not allowed; `field` is its name on the wire.
    case invalid(field: String, reason: String)
    case taken
    case registrationClosed
    case invitationNeeded
    case unknownUser
    case wrongPassword
    /// Too many failures for this account from this address.
    case slowDown(retryAfter: Duration)
    case foreignDevice
    case notYours
}
