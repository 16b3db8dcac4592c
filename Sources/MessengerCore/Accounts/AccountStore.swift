import MessengerAPI

/// Accounts, devices and sessions. Every method is one transaction: it decides and writes together.
public protocol AccountStore: Sendable {
    /// The next user id. Throws `AccountError.taken` when the name or the number has an owner, and
    /// `AccountError.invitationNeeded` when the admission names no live invitation.
    func register(_ account: NewAccount) async throws -> UserID

    /// The account of that name, and whether a device with a live session logged in from `origin`.
    func account(named username: Username, from origin: String?) async throws -> Account?

    /// Makes or goes on with a device, ends the device's old session, starts a new one.
    /// Throws `AccountError.foreignDevice`, or `AccountError.unknownUser` when the account has gone meanwhile.
    func logIn(_ login: Login) async throws -> LoginOutcome

    /// The live session of that token, or nil.
    func session(_ token: TokenHash, now: Timestamp) async throws -> Session?

    /// Writes down that these sessions and their devices were in use at `now`; unknown ones are passed over.
    func refresh(_ tokens: [TokenHash], now: Timestamp) async throws

    /// Ends the session and its device's callbacks; the device keeps its cursor, and its generation rises. Nothing happens
    /// when it has ended.
    func logOut(_ token: TokenHash) async throws

    /// Sets the password hash and ends every session of the user but `kept`; the devices that were logged out.
    func changePassword(of user: UserID, to passwordHash: String, keeping kept: TokenHash) async throws -> [DeviceID]

    /// Deletes the account with everything of it; false when there is none. In the key log a tombstone takes the place of its
    /// states.
    func delete(_ user: UserID, now: Timestamp) async throws -> Bool
}

/// What an operator asks of the accounts, beside the API.
public protocol AdminStore: Sendable {
    /// Keeps an invitation for one registration until `expires`.
    func addInvitation(_ code: TokenHash, expires: Timestamp) async throws
    /// Accounts by id, beyond `after`.
    func users(after: UserID, limit: Int) async throws -> [UserSummary]
    /// Live sessions by device, beyond `after`; those of one user alone when it is named.
    func sessions(of user: UserID?, after: DeviceID, limit: Int, now: Timestamp) async throws -> [SessionSummary]
    func statistics() async throws -> Statistics
}

public struct NewAccount: Sendable {
    public let username: Username
    public let phoneFingerprint: [UInt8]
    public let passwordHash: String
    /// The invitation that this registration uses up; nil where none is needed.
    public let invitation: TokenHash?
    public let now: Timestamp

    public init(username: Username, phoneFingerprint: [UInt8], passwordHash: String, invitation: TokenHash?, now: Timestamp) {
        self.username = username
        self.phoneFingerprint = phoneFingerprint
        self.passwordHash = passwordHash
        self.invitation = invitation
        self.now = now
    }
}

public struct Account: Sendable {
    public let id: UserID
    public let username: Username
    public let passwordHash: String
    /// The key of the latest login; empty before the first.
    public let publicKey: String
    public let hasLiveDeviceAtOrigin: Bool

    public init(id: UserID, username: Username, passwordHash: String, publicKey: String, hasLiveDeviceAtOrigin: Bool) {
        self.id = id
        self.username = username
        self.passwordHash = passwordHash
        self.publicKey = publicKey
        self.hasLiveDeviceAtOrigin = hasLiveDeviceAtOrigin
    }
}

public struct Login: Sendable {
    public let user: UserID
    public let token: TokenHash
    public let publicKey: String
    /// The device that the client says it is.
    public let device: DeviceID?
    public let callback: CallbackRegistration
    /// The user's devices that are seen right now: they have a live stream.
    public let attached: Set<DeviceID>
    public let now: Timestamp

    public init(
        user: UserID, token: TokenHash, publicKey: String, device: DeviceID?, callback: CallbackRegistration,
        attached: Set<DeviceID> = [], now: Timestamp
    ) {
        self.user = user
        self.token = token
        self.publicKey = publicKey
        self.device = device
        self.callback = callback
        self.attached = attached
        self.now = now
    }
}

/// What a login says about callbacks, and what the server knows about where it came from.
public struct CallbackRegistration: Sendable {
    /// As it came; may be anything.
    public let address: String
    /// Whether messages are to be pushed to the address.
    public let isPushable: Bool
    public let origin: ClientOrigin
    public let secret: [UInt8]

    public init(address: String, isPushable: Bool, origin: ClientOrigin, secret: [UInt8]) {
        self.address = address
        self.isPushable = isPushable
        self.origin = origin
        self.secret = secret
    }
}

public struct LoginOutcome: Sendable {
    public let device: DeviceID
    public let cursor: MessageNumber
    /// Devices that are logged in no more: this one's older login, and the one longest unseen beyond the limit.
    public let loggedOut: [DeviceID]

    public init(device: DeviceID, cursor: MessageNumber, loggedOut: [DeviceID]) {
        self.device = device
        self.cursor = cursor
        self.loggedOut = loggedOut
    }
}

/// A live login: what a valid token stands for.
public struct Session: Sendable {
    /// A session ends this long after its last use.
    public static let lifetime = Duration.days(30)
    /// The last use is written down no more often than this.
    public static let refreshInterval = Duration.hours(1)

    public let token: TokenHash
    public let user: UserID
    public let username: Username
    public let device: DeviceID
    /// Rises with each login and logout of the device: what an older login began may not change the device any more.
    public let generation: Int64
    public internal(set) var lastUsed: Timestamp

    public init(
        token: TokenHash, user: UserID, username: Username, device: DeviceID, generation: Int64, lastUsed: Timestamp
    ) {
        self.token = token
        self.user = user
        self.username = username
        self.device = device
        self.generation = generation
        self.lastUsed = lastUsed
    }
}

public struct UserSummary: Sendable {
    public let id: UserID
    public let username: Username
    public let devices: Int
    public let waiting: Int

    public init(id: UserID, username: Username, devices: Int, waiting: Int) {
        self.id = id
        self.username = username
        self.devices = devices
        self.waiting = waiting
    }
}

/// A live login, as an operator sees it.
public struct SessionSummary: Sendable {
    public let device: DeviceID
    public let user: UserID
    public let username: String
    /// At most an hour off.
    public let lastUsed: Timestamp
    public let isPushedTo: Bool

    public init(device: DeviceID, user: UserID, username: String, lastUsed: Timestamp, isPushedTo: Bool) {
        self.device = device
        self.user = user
        self.username = username
        self.lastUsed = lastUsed
        self.isPushedTo = isPushedTo
    }
}

public struct Statistics: Sendable {
    public let users: Int
    public let devices: Int
    public let sessions: Int
    public let messages: Int
    public let bytes: Int

    public init(users: Int, devices: Int, sessions: Int, messages: Int, bytes: Int) {
        self.users = users
        self.devices = devices
        self.sessions = sessions
        self.messages = messages
        self.bytes = bytes
    }
}
