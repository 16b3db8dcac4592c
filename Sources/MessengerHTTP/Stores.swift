import MessengerAPI
import MessengerCore
import ServiceLifecycle

/// The parts that a backend brings.
public struct Stores: Sendable {
    public let accounts: any AccountStore
    public let inboxes: any InboxStore
    public let callbacks: any CallbackStore
    public let signal: any InboxSignal
    public let presence: any DevicePresence
    public let keys: any KeyStore & KeyLogStore
    public let blobs: any BlobStore
    public let log: LogIdentity
    /// The key that phone numbers are kept under.
    public let phoneKey: [UInt8]
    /// What must run beside the server for the rest to work.
    public var services: [any Service] = []
    /// False while sessions may have ended elsewhere without a word to this process.
    public var trustsSessionCache: @Sendable () -> Bool = { true }
    /// Whether this process is the one that pushes to the device, now.
    public var mayPush: @Sendable (DeviceID) -> Bool = { _ in true }
    public var readiness: @Sendable () -> Readiness = { Readiness() }
    /// Where the stores tell of their outages, to tell of others in the same place; nil when they do not.
    public var outages: StoreOutages?

    public init(
        accounts: any AccountStore, inboxes: any InboxStore, callbacks: any CallbackStore, signal: any InboxSignal,
        presence: any DevicePresence, keys: any KeyStore & KeyLogStore, blobs: any BlobStore, log: LogIdentity,
        phoneKey: [UInt8]
    ) {
        self.accounts = accounts
        self.inboxes = inboxes
        self.callbacks = callbacks
        self.signal = signal
        self.presence = presence
        self.keys = keys
        self.blobs = blobs
        self.log = log
        self.phoneKey = phoneKey
    }
}

/// Which services that a server needs it can reach now.
public struct Readiness: Equatable, Sendable {
    /// Without the database nothing goes.
    public var database = true
    /// Without the broker everything goes on, delivery by polling.
    public var broker = true

    public init(database: Bool = true, broker: Bool = true) {
        self.database = database
        self.broker = broker
    }
}
