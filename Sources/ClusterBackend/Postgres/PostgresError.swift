import MessengerCore

/// What went wrong with PostgreSQL. Its text holds nothing of the data.
enum PostgresError: Error, Equatable, CustomStringConvertible {
    /// The connection broke, or the server did not answer in time. What was sent before COMMIT is not stored.
    case connectionLost(String)
    /// The server refused the statement.
    case refused(state: String, message: String)
    /// This program does not work with such a database.
    case unfit(String)
    /// COMMIT was sent and got no answer.
    case commitUnanswered(transaction: String)

    /// What to do about refusals that last until somebody does it.
    private static let advice = [
        "28P01": "correct the user and the password in --database",
        "28000": "name another user in --database, or let this one in (pg_hba.conf)",
        "3D000": "create that database, or name another in --database",
        "42501": "name the owner of the database in --database, or GRANT this user what is missing",
    ]

    var description: String {
        switch self {
        case .connectionLost(let reason): "the connection to the database broke: \(reason)"
        case .refused(let state, let message): "\(message) (SQLSTATE \(state))\(Self.advice[state].map { "; \($0)" } ?? "")"
        case .unfit(let reason): reason
        case .commitUnanswered: "a commit got no answer"
        }
    }

    /// Whether the transaction, of which nothing is stored, may simply be run again.
    var isTransient: Bool {
        switch self {
        case .connectionLost: true
        // Serialization failure, deadlock, lock timeout.
        case .refused(let state, _): ["40001", "40P01", "55P03"].contains(state)
        case .unfit, .commitUnanswered: false
        }
    }

    /// Whether a connection cannot be had until somebody changes something: the password, the user's rights, the database.
    var needsMending: Bool {
        switch self {
        case .connectionLost, .commitUnanswered: false
        case .refused(let state, _): Self.advice[state] != nil
        case .unfit: true
        }
    }

    /// Whether another connection may do better: the server stops, starts or has become a read-only standby.
    var endsConnection: Bool {
        switch self {
        case .connectionLost, .unfit, .commitUnanswered: true
        case .refused(let state, _): state.hasPrefix("57P") || state == "25006" || state.hasPrefix("08")
        }
    }

    var storeError: StoreError {
        switch self {
        case .connectionLost(let reason), .unfit(let reason): .unreachable(reason)
        case .refused("53100", _): .full
        case .refused(let state, _):
            endsConnection || state.hasPrefix("53") || state == "57014" ? .unreachable("\(self)") : .unavailable("\(self)")
        case .commitUnanswered: .outcomeUnknown("\(self)")
        }
    }
}
