import KeyLog
import MessengerAPI

/// A new account state, well-formed and under the user's own name.
public struct StatePublication: Sendable {
    public let user: UserID
    public let server: ServerID
    public let state: Signed<AccountState>
    public let certificates: [Signed<DeviceCertificate>]
    /// The account that a first state takes the place of.
    public let replaces: AccountID?
    public let now: Timestamp

    public init(
        user: UserID, server: ServerID, state: Signed<AccountState>, certificates: [Signed<DeviceCertificate>],
        replaces: AccountID?, now: Timestamp
    ) {
        self.user = user
        self.server = server
        self.state = state
        self.certificates = certificates
        self.replaces = replaces
        self.now = now
    }

    public var record: LogRecord {
        let state = state.object
        return LogRecord(
            type: .accountState, name: state.name, account: state.account, seq: state.seq, hash: StateHash(of: state),
            time: now.logTime)
    }
}

/// What became of it.
public struct StatePublished: Sendable {
    public let seq: UInt32
    public let keysVersion: KeysVersion
    /// Entries of the log up to and with the state.
    public let logSize: UInt64
    /// Devices, by their logins, whose sessions have ended with it.
    public let loggedOut: [DeviceID]

    public init(seq: UInt32, keysVersion: KeysVersion, logSize: UInt64, loggedOut: [DeviceID] = []) {
        self.seq = seq
        self.keysVersion = keysVersion
        self.logSize = logSize
        self.loggedOut = loggedOut
    }
}

extension Timestamp {
    /// Milliseconds since 1970, as the log has them.
    public var logTime: UInt64 { UInt64(max(0, rawValue)) }
}
