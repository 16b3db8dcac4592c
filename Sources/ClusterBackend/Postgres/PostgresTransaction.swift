/// One transaction on one connection: BEGIN travels with its first statements, COMMIT with its last.
struct PostgresTransaction: ~Copyable {
    /// Whatever the server's default is: each statement sees what was committed before it, as the locks want. With the
    /// transaction's number, so that a COMMIT without an answer can be asked after.
    private static let begin = PostgresStatement("BEGIN ISOLATION LEVEL READ COMMITTED")
    private static let number = PostgresStatement("SELECT pg_current_xact_id()::text")

    private let session: PostgresSession
    private var isOpen = false
    private var number = ""
    private var last: [PostgresStatement] = []

    init(_ session: PostgresSession) { self.session = session }

    /// Runs the statements in one round trip, one result for each.
    mutating func run(_ statements: [PostgresStatement]) throws(PostgresError) -> [PostgresRows] {
        if isOpen { return try session.run(statements) }
        isOpen = true
        let rows = try session.run([Self.begin, Self.number] + statements)
        number = rows[1].first?.text(0) ?? ""
        return Array(rows.dropFirst(2))
    }

    @discardableResult
    mutating func run(_ sql: String, _ parameters: PostgresValue...) throws(PostgresError) -> PostgresRows {
        try run([PostgresStatement(sql, parameters)])[0]
    }

    /// Runs the statement just before the commit, in its round trip.
    mutating func runLast(_ sql: String, _ parameters: PostgresValue...) { last.append(PostgresStatement(sql, parameters)) }

    /// Commits what was run, if anything was. Throws `PostgresError.commitUnanswered` when the connection breaks meanwhile.
    mutating func commit() throws(PostgresError) {
        if !isOpen, last.isEmpty { return }
        if !isOpen { _ = try run([]) }
        let answer: PostgresRows?
        do {
            answer = try session.run(last + [PostgresStatement("COMMIT")]).last
        } catch .connectionLost {
            throw .commitUnanswered(transaction: number)
        }
        isOpen = false
        // A transaction that had failed before answers COMMIT with ROLLBACK.
        guard answer?.command == "COMMIT" else { throw .refused(state: "25P02", message: "the transaction was rolled back") }
    }

    /// One statement as a whole transaction, in one round trip. It may be committed even when this throws.
    static func commit(
        _ statement: PostgresStatement, on session: PostgresSession
    ) throws(PostgresError) -> PostgresRows {
        do {
            return try session.run([begin, statement, PostgresStatement("COMMIT")])[1]
        } catch {
            // A server that is read-only or full fails the statement, and leaves the transaction open.
            if !session.isBroken { _ = try? session.run([PostgresStatement("ROLLBACK")]) }
            throw error
        }
    }

    /// Gives up what was run.
    mutating func rollBack() {
        guard isOpen, !session.isBroken else { return }
        // Without an answer the connection is broken, and the server rolls back by itself.
        _ = try? session.run([PostgresStatement("ROLLBACK")])
        isOpen = false
    }
}
