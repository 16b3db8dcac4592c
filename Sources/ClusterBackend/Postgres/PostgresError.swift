import MessengerCore

/// What went wrong with PostgreSQL. Its text holds nothing of the data.
enum PostgresError: Error, Equatable, CustomStringConvertible {
    /// The connection broke, or the server did not answer in time. What was sent before COMMIT is not stored.
    case connectionLost(String)
    /// The server refused the statement.
    case refused(state: String, message: String)
    /// COMMIT was sent and got no answer.
    case commitUnanswered(transaction: String)

    /// Our own, in the form of an SQLSTATE: the server's settings lose what is committed.
    static let notDurable = "MSG01"

    var description: String {
        switch self {
        case .connectionLost(let reason): "the connection to the database broke: \(reason)"
        case .refused(let state, let message): "\(message) (SQLSTATE \(state))"
        case .commitUnanswered: "a commit got no answer"
        }
    }

    /// Whether the transaction, of which nothing is stored, may simply be run again.
    var isTransient: Bool {
        switch self {
        case .connectionLost: true
        // Serialization failure, deadlock, lock timeout.
        case .refused(let state, _): ["40001", "40P01", "55P03"].contains(state)
        case .commitUnanswered: false
        }
    }

    /// Whether another connection may do better: the server stops, starts or has become a read-only standby.
    var endsConnection: Bool {
        switch self {
        case .connectionLost, .commitUnanswered: true
        case .refused(let state, _): state.hasPrefix("57P") || state == "25006" || state.hasPrefix("08")
        }
    }

    var storeError: StoreError {
        switch self {
        case .connectionLost(let reason): .unreachable(reason)
        case .refused("53100", _): .full
        case .refused(let state, let message):
            endsConnection || state.hasPrefix("53") || state == "57014"
                ? .unreachable("\(message) (\(state))") : .unavailable("\(message) (\(state))")
        case .commitUnanswered: .outcomeUnknown("\(self)")
        }
    }
}
