import Logging
import MessengerCore
import Synchronization

/// Connections to one database, opened as they are needed, and what is safe to try again.
final class PostgresPool: Sendable {
    private typealias Waiter = CheckedContinuation<PostgresConnection, any Error>
    private typealias State = PoolState<PostgresConnection, Waiter>

    /// How often a transaction is run before its failure is told.
    private static let attempts = 8

    private let address: PostgresAddress
    private let logger: Logger
    private let state: Mutex<State>

    init(_ address: PostgresAddress, limit: Int, logger: Logger) {
        self.address = address
        self.logger = logger
        state = Mutex(State(limit: limit))
    }

    /// False while the last attempt to reach the database failed.
    var isReachable: Bool { state.withLock { $0.outageReason == nil } }

    /// One statement, which changes nothing or may be run twice. Throws `StoreError`.
    func run<Value: Sendable>(
        _ sql: String, _ parameters: PostgresValue..., read: @escaping @Sendable (PostgresRows) throws -> Value
    ) async throws -> Value {
        try await run(PostgresStatement(sql, parameters), read: read)
    }

    func run<Value: Sendable>(
        _ statement: PostgresStatement, read: @escaping @Sendable (PostgresRows) throws -> Value
    ) async throws -> Value {
        try await attempting { try await $0.query(statement, read) }
    }

    /// One statement as a transaction, in one round trip; on disk when it returns. It may be run twice, the second time after
    /// the first was committed. Throws `StoreError`.
    func commit<Value: Sendable>(
        _ statement: PostgresStatement, read: @escaping @Sendable (PostgresRows) throws -> Value
    ) async throws -> Value {
        try await attempting { try await $0.commit(statement, read) }
    }

    /// One transaction, on disk when it returns. Not interrupted by cancellation. Throws what `body` throws, which may be run
    /// several times, and PostgreSQL's own errors as `StoreError`.
    func write<Value: Sendable>(_ body: @escaping @Sendable (inout PostgresTransaction) throws -> Value) async throws -> Value {
        for _ in 0..<Self.attempts {
            switch try await attempting({ try await $0.transaction(body) }) {
            case .committed(let value): return value
            case .unanswered(let number, let serverRun, let value):
                if try await isCommitted(number, serverRun) { return value }
            }
        }
        throw StoreError.unreachable("the connection broke at each commit")
    }

    func close() { perform(state.withLock { $0.close() }) }

    private func attempting<Value: Sendable>(
        _ work: @Sendable (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        var lastError = PostgresError.connectionLost("")
        let start = TimeSource.system.uptime()
        for _ in 0..<Self.attempts where TimeSource.system.uptime() - start < PostgresSession.patience {
            let connection = try await lease()
            do {
                let value = try await work(connection)
                let isBroken = await connection.isBroken
                perform(state.withLock { $0.returned(connection, isBroken: isBroken) })
                return value
            } catch let error as PostgresError {
                perform(state.withLock { $0.returned(connection, isBroken: error.endsConnection) })
                lastError = error
                if !error.isTransient { break }
            } catch {
                perform(state.withLock { $0.returned(connection, isBroken: false) })
                throw error
            }
        }
        logger.debug("A transaction failed", metadata: ["error": "\(lastError)"])
        throw lastError.storeError
    }

    /// What became of a transaction whose COMMIT got no answer. Throws `StoreError.outcomeUnknown` when nobody knows.
    ///
    /// A server that crashed gives the numbers anew that its log on disk does not hold: a committed transaction of that number
    /// may then be another. One that is not committed is not ours either way.
    private func isCommitted(_ number: String, _ serverRun: String) async throws -> Bool {
        let start = TimeSource.system.uptime()
        while TimeSource.system.uptime() - start < PostgresSession.patience {
            let answer = try? await run(
                "SELECT pg_xact_status($1::xid8), \(PostgresConnection.serverRunQuery) = $2", .text(number), .text(serverRun)
            ) { ($0.first?.text(0) ?? "", $0.first?.bool(1) ?? false) }
            switch answer {
            case ("committed", true)?: return true
            case ("committed", false)?:
                throw StoreError.outcomeUnknown("the database crashed at a commit; whether it is stored is not known")
            case ("aborted", _)?: return false
            default: try? await Task.sleep(for: .milliseconds(50))
            }
        }
        throw StoreError.outcomeUnknown("the database could not be asked whether transaction \(number) is committed")
    }

    private func lease() async throws -> PostgresConnection {
        try await withCheckedThrowingContinuation { continuation in
            perform(state.withLock { $0.requested(continuation, now: TimeSource.system.uptime()) })
        }
    }

    private func perform(_ actions: [State.Action]) {
        for action in actions {
            switch action {
            case .hand(let connection, let waiter): waiter.resume(returning: connection)
            case .refuse(let waiters, let reason):
                for waiter in waiters { waiter.resume(throwing: StoreError.unreachable(reason)) }
            case .open: Task { await open() }
            case .retry(let pause):
                Task {
                    try? await Task.sleep(for: pause)
                    perform(state.withLock { $0.retryDue() })
                }
            }
        }
    }

    private func open() async {
        do {
            let connection = try await PostgresConnection.open(address)
            if let reason = state.withLock({ $0.outageReason }) {
                logger.notice("The database can be reached again", metadata: ["after": "\(reason)"])
            }
            perform(state.withLock { $0.opened(connection) })
        } catch {
            if isReachable { logger.error("The database cannot be reached", metadata: ["error": "\(error)"]) }
            perform(state.withLock { $0.openFailed("\(error)", now: TimeSource.system.uptime()) })
        }
    }
}
