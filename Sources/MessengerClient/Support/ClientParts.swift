import KeyLog

/// What all parts of a client work with.
struct ClientParts: Sendable {
    let store: LocalStore
    let api: MessengerAPIClient
    let profile: Profile
    let configuration: MessengerConfiguration

    var clock: ClientClock { configuration.clock }
}
