import MessengerAPI

/// A message that a device has taken by a callback, under one of its logins.
struct CallbackDelivery: Equatable, Sendable {
    let number: MessageNumber
    let generation: Int64
}
