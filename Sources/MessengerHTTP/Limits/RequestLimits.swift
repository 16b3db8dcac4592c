import MessengerCore

/// The limits that requests count against, all off when `--rate-limit` is 0.
struct RequestLimits: Sendable {
    /// Logins and registrations cost a password hash each.
    private static let credentialsPerSecond = 5
    private static let credentialsBurst = 100

    private let requests: RateLimiter?
    private let logins: RateLimiter?
    private let registrations: RateLimiter?
    private let exempt: [IPRange]

    init(_ settings: ServerSettings.RateLimit, uptime: @escaping @Sendable () -> Duration) {
        exempt = settings.exempt
        guard settings.perSecond > 0 else {
            (requests, logins, registrations) = (nil, nil, nil)
            return
        }
        func credentials() -> RateLimiter {
            RateLimiter(perSecond: Self.credentialsPerSecond, burst: Self.credentialsBurst, uptime: uptime)
        }
        requests = RateLimiter(perSecond: settings.perSecond, burst: settings.burst, uptime: uptime)
        logins = credentials()
        registrations = credentials()
    }

    enum Kind { case request, login, registration }

    /// Throws `APIError.tooManyRequests` when the client is over its limit.
    func check(_ kind: Kind, from origin: ClientOrigin) throws(APIError) {
        if let pause = limiter(kind, for: origin)?.take(origin.key) { throw .tooManyRequests(retryAfter: pause) }
    }

    /// For a request that has passed the check, and will be checked once more.
    func giveBack(_ kind: Kind, to origin: ClientOrigin) { limiter(kind, for: origin)?.giveBack(origin.key) }

    private func limiter(_ kind: Kind, for origin: ClientOrigin) -> RateLimiter? {
        guard !exempt.contains(where: { $0.contains(origin.address) }) else { return nil }
        return switch kind {
        case .request: requests
        case .login: logins
        case .registration: registrations
        }
    }
}
