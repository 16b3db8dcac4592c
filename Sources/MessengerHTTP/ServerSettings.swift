import MessengerCore

/// What an operator can set, once read and checked. Defaults are those of the command line.
public struct ServerSettings: Sendable {
    public var host = "0.0.0.0"
    public var port = 5_000
    /// Nil serves plain HTTP.
    public var certificateFolder: String? = "cert"
    public var rateLimit = RateLimit()
    public var trustedProxies: [IPRange] = []
    public var callbackAllow: [IPRange] = []
    public var registration = Accounts.Registration.open
    public var openDelete = false
    public var messageTTL = Duration.days(30)
    public var blobs = BlobLimits()
    public var dataFolder = "data"
    /// Sends are refused while the data folder's disk has less than this many bytes free.
    public var minimumFreeDisk = 256 << 20
    public var maximumConnections = 18_000

    public struct RateLimit: Sendable {
        /// Requests per second and client; 0 is off, for the login limits too.
        public var perSecond = 100
        public var burst = 1_000
        public var exempt: [IPRange] = []
        public init() {}
    }

    public init() {}
}
