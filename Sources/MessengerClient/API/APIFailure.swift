import MessengerAPI

/// An answer that is not a 200: what its problem details say.
struct APIFailure: Error, Sendable {
    let status: Int
    /// Stable; empty when the answer was none of the API's.
    let type: String
    let detail: String
    var retryAfter: Duration?
    var staleKeys: [StaleKeys] = []
    var unknownReceivers: [UserID] = []
    var fullReceivers: [UserID] = []

    /// The session has ended: logged out, deleted, or the token is another server's.
    var endsSession: Bool { status == 401 && ["invalid-token", "not-authorized"].contains(type) }

    /// For a person who cannot do anything about the API.
    var error: MessengerError {
        endsSession ? .loggedOut : .server(status: status, detail: detail)
    }
}
