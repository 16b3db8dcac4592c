import MessengerAPI
import MessengerCore

/// Accounts, devices and inboxes as the contract words them, in memory, as simply as it can be said: what every store is
/// held against.
struct InboxModel: Sendable {
    struct Stored: Sendable {
        let message: InboxMessage
        let acceptedAt: Timestamp
        var size: Int { message.body.utf8.count }
    }

    struct Key: Sendable {
        let fingerprint: [UInt8]
        let receivers: Int
        let createdAt: Timestamp
    }

    struct User: Sendable {
        let account: NewAccount
        var passwordHash: String
        var publicKey = ""
        var next = MessageNumber(1)
        var receivedThrough = MessageNumber.zero
        var log: [Stored] = []
        var keys: [IdempotencyKey: Key] = [:]
    }

    struct Device: Sendable {
        let user: UserID
        var login: Login
        var cursor: MessageNumber
        var generation: Int64 = 1
        var isLoggedIn = true
        var isPushed: Bool
        var tokenUsed: Timestamp
        var lastSeen: Timestamp
        var oldSecret: (secret: [UInt8], until: Timestamp)?
        var failingSince: Timestamp?
        var refusal: CallbackTarget.Refusal?
        var passedOver: [MessageNumber] = []
    }

    let limits: InboxLimits
    private(set) var users: [UserID: User] = [:]
    private(set) var devices: [DeviceID: Device] = [:]
    private var invitations: [TokenHash: Timestamp] = [:]
    private var lastUser: Int64 = 0
    private var lastDevice: Int64 = 0

    init(limits: InboxLimits) { self.limits = limits }

    // MARK: Accounts

    mutating func invite(_ code: TokenHash, until expires: Timestamp) { invitations[code] = expires }

    mutating func register(_ account: NewAccount) throws -> UserID {
        if let code = account.invitation {
            guard let expires = invitations[code], expires > account.now else { throw AccountError.invitationNeeded }
        }
        let isTaken = users.values.contains {
            $0.account.username == account.username || $0.account.phoneFingerprint == account.phoneFingerprint
        }
        guard !isTaken else { throw AccountError.taken }
        if let code = account.invitation { invitations[code] = nil }
        lastUser += 1
        users[UserID(lastUser)] = User(account: account, passwordHash: account.passwordHash)
        return UserID(lastUser)
    }

    func account(named username: Username, from origin: String?) -> Account? {
        guard let (id, user) = users.first(where: { $0.value.account.username == username }) else { return nil }
        let isLive = devices.values.contains { $0.user == id && $0.isLoggedIn && $0.login.callback.origin.key == origin }
        return Account(
            id: id, username: username, passwordHash: user.passwordHash, publicKey: user.publicKey,
            hasLiveDeviceAtOrigin: isLive)
    }

    mutating func logIn(_ login: Login) throws -> LoginOutcome {
        guard users[login.user] != nil else { throw AccountError.unknownUser }
        let known = try knownDevice(login)
        users[login.user]!.publicKey = login.publicKey
        if let known {
            devices[known]!.oldSecret = (devices[known]!.login.callback.secret, login.now + .minutes(5))
            devices[known]!.login = login
            devices[known]!.generation += 1
            devices[known]!.isLoggedIn = true
            devices[known]!.isPushed = login.callback.isPushable
            devices[known]!.tokenUsed = login.now
            devices[known]!.lastSeen = login.now
            devices[known]!.failingSince = nil
            devices[known]!.refusal = nil
            return LoginOutcome(device: known, cursor: devices[known]!.cursor, loggedOut: [known])
        }
        let others = devices.filter { $0.value.user == login.user }
            .sorted { one, other in
                let (first, second) = (login.attached.contains(one.key), login.attached.contains(other.key))
                return first == second ? (one.value.lastSeen, one.key) > (other.value.lastSeen, other.key) : first
            }
        let evicted = others.dropFirst(limits.devices - 1).map(\.key)
        for device in evicted { devices[device] = nil }
        lastDevice += 1
        let cursor = users[login.user]!.receivedThrough
        devices[DeviceID(lastDevice)] = Device(
            user: login.user, login: login, cursor: cursor, isPushed: login.callback.isPushable, tokenUsed: login.now,
            lastSeen: login.now)
        return LoginOutcome(device: DeviceID(lastDevice), cursor: cursor, loggedOut: evicted)
    }

    private func knownDevice(_ login: Login) throws -> DeviceID? {
        if let device = login.device {
            guard devices[device]?.user == login.user else { throw AccountError.foreignDevice }
            return device
        }
        guard login.callback.isPushable else { return nil }
        return devices.filter { $0.value.user == login.user && $0.value.login.callback.address == login.callback.address }
            .max { $0.value.lastSeen < $1.value.lastSeen }?.key
    }

    func session(_ token: TokenHash, now: Timestamp) -> Session? {
        guard let (id, device) = devices.first(where: { $0.value.login.token == token && $0.value.isLoggedIn }),
            device.tokenUsed > now - Session.lifetime
        else { return nil }
        return Session(
            token: token, user: device.user, username: users[device.user]!.account.username, device: id,
            generation: device.generation, lastUsed: device.tokenUsed)
    }

    mutating func refresh(_ tokens: [TokenHash], now: Timestamp) {
        for (id, device) in devices where device.isLoggedIn && tokens.contains(device.login.token) {
            devices[id]!.tokenUsed = max(device.tokenUsed, now)
            devices[id]!.lastSeen = max(device.lastSeen, now)
        }
    }

    mutating func logOut(_ token: TokenHash) {
        for (id, device) in devices where device.isLoggedIn && device.login.token == token { end(id) }
    }

    mutating func changePassword(of user: UserID, to hash: String, keeping kept: TokenHash) -> [DeviceID] {
        users[user]?.passwordHash = hash
        let others = devices.filter { $0.value.user == user && !($0.value.isLoggedIn && $0.value.login.token == kept) }.keys
            .sorted()
        for device in others { end(device) }
        return others
    }

    private mutating func end(_ device: DeviceID) {
        devices[device]!.generation += 1
        devices[device]!.isLoggedIn = false
        devices[device]!.isPushed = false
    }

    mutating func delete(_ user: UserID) -> Bool {
        devices = devices.filter { $0.value.user != user }
        return users.removeValue(forKey: user) != nil
    }

    // MARK: Inboxes

    func remembered(_ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp) -> SubmissionOutcome? {
        guard let known = users[sender]?.keys[key], known.createdAt > now - limits.keyLifetime else { return nil }
        return known.fingerprint == fingerprint ? .repeated(receivers: known.receivers) : .keyReused
    }

    mutating func append(_ submission: Submission) -> SubmissionOutcome {
        guard let sender = users[submission.sender] else { return .unknownSender }
        if let key = submission.key {
            if let known = remembered(key, of: submission.sender, fingerprint: submission.fingerprint, now: submission.now) {
                return known
            }
            guard sender.keys.filter({ $0.key != key }).count < limits.liveKeysPerUser else { return .tooManyKeys }
        }
        let unknown = submission.messages.map(\.receiver).filter { users[$0] == nil }
        guard unknown.isEmpty else { return .unknownReceivers(unknown) }
        // Nobody here has published keys.
        let stale = submission.messages.filter { $0.keysVersion.map { $0 != .zero } ?? false }
        guard stale.isEmpty else {
            return .staleKeys(stale.map { StaleKeys(receiverID: $0.receiver, keysVersion: .zero) })
        }
        let full = submission.messages.filter { roomMade(in: users[$0.receiver]!, for: $0) == nil }.map(\.receiver)
        guard full.isEmpty else { return .fullReceivers(full) }
        for message in submission.messages {
            var user = users[message.receiver]!
            user.log = roomMade(in: user, for: message)!
            user.log.append(
                Stored(
                    message: InboxMessage(
                        number: user.next, sender: submission.sender, senderUsername: submission.senderUsername.text,
                        receiver: message.receiver, body: message.body, sendDate: submission.sendDate),
                    acceptedAt: submission.now))
            user.next = user.next.next
            users[message.receiver] = user
        }
        if let key = submission.key {
            users[submission.sender]!.keys[key] = Key(
                fingerprint: submission.fingerprint, receivers: submission.messages.count, createdAt: submission.now)
        }
        return .accepted(receivers: submission.messages.count)
    }

    private func roomMade(in user: User, for message: Submission.Outgoing) -> [Stored]? {
        var log = user.log[...]
        func fits() -> Bool {
            log.count < limits.messages && log.reduce(0) { $0 + $1.size } + message.body.utf8.count <= limits.bytes
        }
        while !fits() {
            guard let first = log.first, first.message.number <= user.receivedThrough else { return nil }
            log.removeFirst()
        }
        return Array(log)
    }

    func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) -> PendingPage? {
        guard let device = devices[device], let user = users[device.user] else { return nil }
        let start = max(after, device.cursor)
        var messages: [InboxMessage] = []
        var size = 0
        for stored in user.log where stored.message.number > start && messages.count < limit {
            size += stored.size
            if size > bytes, !messages.isEmpty { break }
            messages.append(stored.message)
        }
        return PendingPage(messages: messages, start: start, head: user.next.previous)
    }

    mutating func acknowledge(_ acknowledgement: Acknowledgement) -> AcknowledgementOutcome {
        guard var device = devices[acknowledgement.device], device.generation == acknowledgement.generation else {
            return .superseded
        }
        let head = users[device.user]!.next.previous
        guard acknowledgement.through <= head else { return .ahead(head: head) }
        if acknowledgement.through > device.cursor {
            device.cursor = acknowledgement.through
            if acknowledgement.byCallback {
                device.failingSince = nil
                device.refusal = nil
            } else {
                device.lastSeen = max(device.lastSeen, acknowledgement.now)
            }
            users[device.user]!.receivedThrough = max(users[device.user]!.receivedThrough, device.cursor)
            devices[acknowledgement.device] = device
        }
        return .cursor(device.cursor)
    }

    /// Everything that a sweep may drop, at once.
    mutating func sweep(_ sweep: Sweep) {
        for (id, user) in users {
            let cursors = devices.values.filter { $0.user == id }.map(\.cursor)
            users[id]!.log = Array(
                user.log.drop { stored in
                    stored.message.number <= cursors.min() ?? .zero || sweep.expireBefore.map { stored.acceptedAt < $0 } ?? false
                })
            if sweep.expireBefore != nil {
                users[id]!.keys = user.keys.filter { $0.value.createdAt > sweep.now - limits.keyLifetime }
            }
        }
        guard sweep.expireBefore != nil else { return }
        devices = devices.filter { _, device in
            guard device.isPushed, let since = device.failingSince else { return true }
            return !(since <= sweep.now - limits.callbackPatience && device.lastSeen <= sweep.now - limits.callbackPatience)
        }
    }

    // MARK: Callbacks

    func callbacksDue(of users: [UserID]?, besides others: Set<DeviceID>) -> [CallbackDue] {
        devices.filter { id, device in
            device.isPushed && !others.contains(id) && users?.contains(device.user) ?? true
                && self.users[device.user]!.log.contains { $0.message.number > device.cursor }
        }.map { CallbackDue(device: $0.key, user: $0.value.user, address: $0.value.login.callback.address) }
    }

    func callbackTarget(of id: DeviceID) -> CallbackTarget? {
        guard let device = devices[id], device.isPushed, let address = CallbackAddress(device.login.callback.address) else {
            return nil
        }
        return CallbackTarget(
            device: id, user: device.user, generation: device.generation, cursor: device.cursor, address: address,
            origin: device.login.callback.origin,
            secret: device.login.callback.secret,
            oldSecret: device.oldSecret.map { .init(secret: $0.secret, until: $0.until) }, refusal: device.refusal)
    }

    mutating func callbackFailed(_ failure: CallbackFailure) {
        guard var device = devices[failure.device], device.generation == failure.generation else { return }
        device.failingSince = device.failingSince ?? failure.at
        device.refusal = failure.refused.map { number in
            device.refusal?.number == number ? device.refusal! : .init(number: number, since: failure.at)
        }
        devices[failure.device] = device
    }

    mutating func removeAddress(of device: DeviceID, generation: Int64) {
        guard devices[device]?.generation == generation else { return }
        devices[device]!.isPushed = false
        let login = devices[device]!.login
        devices[device]!.login = Login(
            user: login.user, token: login.token, publicKey: login.publicKey, device: login.device,
            callback: CallbackRegistration(
                address: "", isPushable: false, origin: login.callback.origin, secret: login.callback.secret), now: login.now)
    }

    mutating func passOver(_ number: MessageNumber, device: DeviceID, generation: Int64) {
        guard devices[device]?.generation == generation, devices[device]!.cursor < number else { return }
        devices[device]!.cursor = number
        devices[device]!.refusal = nil
        devices[device]!.passedOver.append(number)
    }

    func passedOver(by device: DeviceID) -> [MessageNumber] { devices[device]?.passedOver ?? [] }

    mutating func forgetPassedOver(_ numbers: [MessageNumber], by device: DeviceID) {
        devices[device]?.passedOver.removeAll { numbers.contains($0) }
    }
}
