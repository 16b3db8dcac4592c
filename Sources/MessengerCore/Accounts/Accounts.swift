import MessengerAPI

/// Registration, login, logout, and what else concerns an account.
public struct Accounts: Sendable {
    public enum Registration: String, Sendable, CaseIterable { case open, invite, closed }

    static let maximumPublicKeyBytes = 16 << 10

    private let store: any AccountStore
    private let hasher: PasswordHasher
    private let throttle: LoginThrottle
    private let sessions: SessionCache
    private let streams: LiveStreams
    private let callbacks: CallbackMailbox
    private let callbackGuard: CallbackGuard
    private let phoneKey: [UInt8]
    private let registration: Registration
    private let time: TimeSource
    private let clock: ClockWatch

    public init(
        store: any AccountStore, hasher: PasswordHasher, sessions: SessionCache, streams: LiveStreams,
        callbacks: CallbackMailbox, callbackGuard: CallbackGuard, phoneKey: [UInt8], registration: Registration,
        limitsLogins: Bool, time: TimeSource
    ) {
        self.store = store
        self.hasher = hasher
        self.throttle = LoginThrottle(uptime: time.uptime, isOff: !limitsLogins)
        self.sessions = sessions
        self.streams = streams
        self.callbacks = callbacks
        self.callbackGuard = callbackGuard
        self.phoneKey = phoneKey
        self.registration = registration
        self.time = time
        clock = ClockWatch(time)
    }

    /// Throws `AccountError`, `PasswordHasher.Busy` or `StoreError`, as all of these do.
    public func register(_ request: RegisterRequest) async throws -> UserID {
        let username = try username(request.username)
        guard let phone = PhoneNumber(request.phoneNumber) else {
            throw AccountError.invalid(field: "phone_number", reason: "1 to 32 characters, none of them a control character.")
        }
        try check(newPassword: request.password, field: "password")
        let invitation: TokenHash?
        switch registration {
        case .open: invitation = nil
        case .closed: throw AccountError.registrationClosed
        case .invite:
            guard let code = request.invitation else { throw AccountError.invitationNeeded }
            invitation = TokenHash(of: code)
        }
        return try await store.register(
            NewAccount(
                username: username, phoneFingerprint: phone.fingerprint(key: phoneKey),
                passwordHash: try await hasher.hash(request.password), invitation: invitation, now: time.now()))
    }

    /// The account of that name.
    public func find(_ name: String) async throws -> Account {
        guard let account = try await store.account(named: try username(name), from: nil) else { throw AccountError.unknownUser }
        return account
    }

    public func logIn(_ request: LoginRequest, from origin: ClientOrigin) async throws -> LoginResponse {
        guard request.userAddress.utf8.count <= CallbackAddress.maximumLength else {
            throw AccountError.invalid(field: "user_address", reason: "At most \(CallbackAddress.maximumLength) bytes.")
        }
        guard request.publicKey.utf8.count <= Self.maximumPublicKeyBytes else {
            throw AccountError.invalid(field: "public_key", reason: "At most \(Self.maximumPublicKeyBytes) bytes.")
        }
        let account = try await authenticate(request, from: origin)

        let token = Token()
        let secret = SecureRandom.bytes(WebhookSignature.secretLength)
        let obstacle = obstacle(to: request.userAddress, origin: origin)
        let outcome = try await store.logIn(
            Login(
                user: account.id, token: token.hash, publicKey: request.publicKey, device: request.deviceID,
                callback: CallbackRegistration(
                    address: request.userAddress, isPushable: obstacle == nil, origin: origin, secret: secret),
                attached: streams.attached(of: account.id), now: time.now()))
        ended(outcome.loggedOut)
        callbacks.sign(of: outcome.device, account.id)
        return LoginResponse(
            userID: account.id, token: token.text, deviceID: outcome.device, cursor: outcome.cursor,
            callback: obstacle ?? "active", callbackSecret: WebhookSignature.text(ofSecret: secret))
    }

    /// The live session of a token; its use is written down at most hourly. Nil when there is none.
    public func session(token: some StringProtocol) async throws -> Session? {
        if let session = cachedSession(token: token) { return session }
        let now = time.now()
        let moment = sessions.moment()
        guard var session = try await store.session(TokenHash(of: token), now: clock.steadyNow) else { return nil }
        if now - session.lastUsed >= Session.refreshInterval {
            try await store.refresh([session.token], now: now)
            session.lastUsed = now
        }
        sessions.insert(session, lookedUpAt: moment)
        return session
    }

    /// The same from memory alone; nil also when the store has to be asked, or told.
    public func cachedSession(token: some StringProtocol) -> Session? {
        guard let session = sessions.session(TokenHash(of: token)), isFresh(session) else { return nil }
        return session
    }

    /// A use in the future is one that was written down before the clock was put back.
    private func isFresh(_ session: Session) -> Bool { time.now() - session.lastUsed < Session.refreshInterval }

    /// The devices are logged in no more: to be called after the commit, whatever ended their sessions.
    public func ended(_ devices: [DeviceID]) {
        sessions.ended(devices)
        streams.end(devices, .loggedOut)
    }

    /// The same for sessions that may have ended elsewhere, a while ago.
    public func ended(_ ended: [EndedSessions]) {
        sessions.ended(ended)
        streams.end(ended, .loggedOut)
    }

    /// Any session may have ended, and other processes do not know the streams here any more.
    public func lostTouch() {
        sessions.clear()
        streams.endAll(.closing)
    }

    public func logOut(_ session: Session, name: String) async throws {
        guard Username(name) == session.username else {
            throw AccountError.invalid(field: "username", reason: "Not the name of this session's user.")
        }
        try await store.logOut(session.token)
        ended([session.device])
    }

    public func changePassword(_ session: Session, _ request: PasswordRequest, from origin: ClientOrigin) async throws {
        try check(newPassword: request.new, field: "new")
        let account = try await store.account(named: session.username, from: origin.key)
        if account?.hasLiveDeviceAtOrigin != true { try checkPause(for: session.username, from: origin) }
        guard request.old.utf8.count <= PasswordHasher.maximumLength,
            try await hasher.verify(request.old, against: account?.passwordHash)
        else {
            throttle.failed(session.username, from: origin.key)
            throw AccountError.wrongPassword
        }
        throttle.succeeded(session.username, from: origin.key)
        let hash = try await hasher.hash(request.new)
        ended(try await store.changePassword(of: session.user, to: hash, keeping: session.token))
    }

    /// Deletes the account. A session may delete its own only; without one (`--open-delete`) any goes.
    public func delete(_ user: UserID, by session: Session?) async throws {
        if let session, session.user != user { throw AccountError.notYours }
        guard try await store.delete(user, now: time.now()) else {
            throw session == nil ? AccountError.unknownUser : AccountError.notYours
        }
        sessions.endedAll(of: user)
        streams.endAll(of: user, .loggedOut)
    }

    private func authenticate(_ request: LoginRequest, from origin: ClientOrigin) async throws -> Account {
        guard let username = Username(request.username), request.password.utf8.count <= PasswordHasher.maximumLength else {
            _ = try await hasher.verify("", against: nil)
            throw AccountError.wrongPassword
        }
        let account = try await store.account(named: username, from: origin.key)
        if account?.hasLiveDeviceAtOrigin != true { try checkPause(for: username, from: origin) }
        guard try await hasher.verify(request.password, against: account?.passwordHash), let account else {
            throttle.failed(username, from: origin.key)
            throw AccountError.wrongPassword
        }
        throttle.succeeded(username, from: origin.key)
        return account
    }

    private func checkPause(for username: Username, from origin: ClientOrigin) throws(AccountError) {
        if let pause = throttle.pause(for: username, from: origin.key) { throw .slowDown(retryAfter: pause) }
    }

    private func username(_ text: String) throws(AccountError) -> Username {
        guard let username = Username(text) else {
            throw .invalid(
                field: "username",
                reason: "1 to \(Username.maximumLength) characters; no control or bidirectional ones, no space at the edges.")
        }
        return username
    }

    private func check(newPassword password: String, field: String) throws(AccountError) {
        guard password.count >= PasswordHasher.minimumCharacters, password.utf8.count <= PasswordHasher.maximumLength else {
            throw .invalid(
                field: field,
                reason: "At least \(PasswordHasher.minimumCharacters) characters, at most \(PasswordHasher.maximumLength) bytes.")
        }
    }

    /// Why nothing will be pushed to this address, or nil. A name is checked when it is resolved, at each connection.
    private func obstacle(to text: String, origin: ClientOrigin) -> String? {
        if text.isEmpty { return "none: no address was given" }
        guard let address = CallbackAddress(text) else {
            return "none: not an address to push to; use http(s)://host[:port][/path] or host:port"
        }
        guard let literal = address.literal else { return nil }
        do {
            try callbackGuard.check(literal, port: address.port, origin: origin)
            return nil
        } catch {
            return "none: \(error)"
        }
    }
}
