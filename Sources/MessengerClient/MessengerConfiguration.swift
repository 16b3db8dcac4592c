import KeyLog
import MessengerCrypto

/// What a program chooses about a client.
public struct MessengerConfiguration: Sendable {
    /// Tells senders that their messages have arrived on this device.
    public var sendsDeliveredReceipts = true
    /// Tells senders that their messages were read, when `markRead` says so.
    public var sendsReadReceipts = true

    var clock = ClientClock.system
    /// Of new devices.
    var suite = KEMSuite.xWing
    /// Tests end a client's life before one of its transactions.
    var beforeWrite: @Sendable () throws -> Void = {}
    var makeTransport: @Sendable (ServerAddress) throws -> any Transport = { try HTTPTransport($0) }

    public init() {}
}
