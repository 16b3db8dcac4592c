import MessengerAPI

/// What the server knows about pushing to devices. Every method is one transaction.
public protocol CallbackStore: Sendable {
    /// Devices with an address to push to and messages beyond their cursor: of these users, or of all; but not `others`.
    func callbacksDue(of users: [UserID]?, besides others: Set<DeviceID>) async throws -> [CallbackDue]

    /// Where to push the device's messages; nil when it has no address any more, or has gone. It holds as long as the
    /// device acknowledges with the target's generation.
    func callbackTarget(of device: DeviceID) async throws -> CallbackTarget?

    /// Keeps since when the address fails, and since when it refuses this message. A 2xx acknowledgement clears both.
    func callbackFailed(_ failure: CallbackFailure) async throws

    /// Stops pushing to the device until its next login.
    func removeAddress(of device: DeviceID, generation: Int64) async throws

    /// Moves the cursor past a message that the address refuses, and keeps a note of it.
    func passOver(_ number: MessageNumber, device: DeviceID, generation: Int64) async throws

    /// Numbers that were passed over and not yet announced, rising.
    func passedOver(by device: DeviceID) async throws -> [MessageNumber]
    func forgetPassedOver(_ numbers: [MessageNumber], by device: DeviceID) async throws
}

public struct CallbackDue: Sendable {
    public let device: DeviceID
    public let user: UserID
    public let address: String
    /// What a push needs to begin, from a store that has found it in the same look; it is good for a push that begins now.
    public let start: CallbackStart?

    public init(device: DeviceID, user: UserID, address: String, start: CallbackStart? = nil) {
        self.device = device
        self.user = user
        self.address = address
        self.start = start
    }
}

/// Where to push, and the first messages that wait.
public struct CallbackStart: Sendable {
    public let target: CallbackTarget
    public let page: PendingPage

    public init(target: CallbackTarget, page: PendingPage) {
        self.target = target
        self.page = page
    }
}

public struct CallbackTarget: Sendable {
    public let device: DeviceID
    public let user: UserID
    public let generation: Int64
    public let cursor: MessageNumber
    public let address: CallbackAddress
    public let origin: ClientOrigin
    public let secret: [UInt8]
    /// The one before, and until when it signs as well.
    public let oldSecret: OldSecret?
    public let refusal: Refusal?

    /// A message that the address refuses, and since when.
    public struct Refusal: Equatable, Sendable {
        public let number: MessageNumber
        public let since: Timestamp

        public init(number: MessageNumber, since: Timestamp) {
            self.number = number
            self.since = since
        }
    }

    public struct OldSecret: Equatable, Sendable {
        public let secret: [UInt8]
        public let until: Timestamp

        public init(secret: [UInt8], until: Timestamp) {
            self.secret = secret
            self.until = until
        }
    }

    var destination: String { address.destination }

    /// What signs at that time, the current secret first.
    public func secrets(at now: Timestamp) -> [[UInt8]] {
        if let oldSecret, now < oldSecret.until { [secret, oldSecret.secret] } else { [secret] }
    }

    public init(
        device: DeviceID, user: UserID, generation: Int64, cursor: MessageNumber, address: CallbackAddress, origin: ClientOrigin,
        secret: [UInt8], oldSecret: OldSecret?, refusal: Refusal?
    ) {
        self.device = device
        self.user = user
        self.generation = generation
        self.cursor = cursor
        self.address = address
        self.origin = origin
        self.secret = secret
        self.oldSecret = oldSecret
        self.refusal = refusal
    }
}

public struct CallbackFailure: Sendable {
    public let device: DeviceID
    public let generation: Int64
    public let at: Timestamp
    /// The message, when the address refused just it.
    public let refused: MessageNumber?

    public init(device: DeviceID, generation: Int64, at: Timestamp, refused: MessageNumber?) {
        self.device = device
        self.generation = generation
        self.at = at
        self.refused = refused
    }
}
