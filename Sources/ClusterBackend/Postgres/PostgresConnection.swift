import Dispatch

/// A connection with a thread of its own for libpq's blocking calls: one hop for a whole transaction.
actor PostgresConnection {
    private let executor = ConnectionExecutor()
    private let session: PostgresSession
    /// Tells the server's run, in which transaction numbers are unique, from that before a crash.
    private let serverRun: String

    /// After a crash all of the server's processes are new, the postmaster perhaps not: its own ones have no user.
    static let serverRunQuery = """
        pg_postmaster_start_time()::text || ' ' || (SELECT min(pid) FROM pg_stat_activity WHERE usesysid IS NULL)::text
        """

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Connects on a thread of its own.
    static func open(_ address: PostgresAddress) async throws(PostgresError) -> PostgresConnection {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result { () throws(PostgresError) in try PostgresConnection(connectingTo: address) })
            }
        }
        return try result.get()
    }

    private init(connectingTo address: PostgresAddress) throws(PostgresError) {
        session = try PostgresSession(address)
        let server = try session.run([PostgresStatement("SELECT current_setting('fsync'), \(Self.serverRunQuery)")])[0].first
        serverRun = server?.text(1) ?? ""
        guard server?.text(0) == "on" else {
            throw .refused(
                state: PostgresError.notDurable,
                message: "the database runs with fsync=off, which loses messages in a power cut; set fsync=on in postgresql.conf")
        }
    }

    var isBroken: Bool { session.isBroken }

    /// One statement by itself, its rows read where they may be read.
    func query<Value: Sendable>(
        _ statement: PostgresStatement, _ read: @Sendable (PostgresRows) throws -> Value
    ) throws -> Value {
        try read(try session.run([statement])[0])
    }

    /// One statement and its commit.
    func commit<Value: Sendable>(
        _ statement: PostgresStatement, _ read: @Sendable (PostgresRows) throws -> Value
    ) throws -> Value {
        try read(try PostgresTransaction.commit(statement, on: session))
    }

    /// Commits what `body` runs, or rolls it back when it throws.
    func transaction<Value: Sendable>(
        _ body: @Sendable (inout PostgresTransaction) throws -> Value
    ) throws -> TransactionResult<Value> {
        var transaction = PostgresTransaction(session)
        do {
            let value = try body(&transaction)
            do {
                try transaction.commit()
                return .committed(value)
            } catch .commitUnanswered(let number) {
                return .unanswered(number: number, serverRun: serverRun, value)
            }
        } catch {
            transaction.rollBack()
            throw error
        }
    }
}

enum TransactionResult<Value: Sendable>: Sendable {
    case committed(Value)
    /// What it would return if it is committed.
    case unanswered(number: String, serverRun: String, Value)
}

/// A serial queue as the executor of a connection.
private final class ConnectionExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "messenger.postgres")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
