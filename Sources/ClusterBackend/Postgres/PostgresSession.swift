import CPostgres
import Glibc
import MessengerCore

/// A statement with its parameters. Its text is prepared once per connection, so it must come from a fixed set.
struct PostgresStatement: Sendable {
    let sql: String
    let parameters: [PostgresValue]

    init(_ sql: String, _ parameters: [PostgresValue]) {
        self.sql = sql
        self.parameters = parameters
    }

    init(_ sql: String, _ parameters: PostgresValue...) { self.init(sql, parameters) }
}

/// One connection to PostgreSQL through libpq. For one thread at a time; every call blocks it, for `patience` at most.
///
/// Statements that are run together go out in one flight (libpq's pipeline mode), so that they cost one round trip.
final class PostgresSession {
    /// The longest that one flight of statements may take; the server gives up a little earlier (`statement_timeout`).
    static let patience = Duration.seconds(8)
    private static let connectTimeout = Duration.seconds(5)
    private static let quickRefusal = Duration.seconds(1)

    private let handle: OpaquePointer
    /// Names of prepared statements by their text.
    private var prepared: [String: String] = [:]
    private var lastName = 0
    /// Nobody waits for its answers any more.
    private var isGivenUp = false

    /// What is on its way and will be answered.
    private enum Command {
        case prepare(String)
        case execute
    }

    /// Connects and sets the session up. Throws `PostgresError.connectionLost` or `.refused` with what is wrong.
    init(_ address: PostgresAddress) throws(PostgresError) {
        let start = TimeSource.system.uptime()
        guard let handle = address.connect(timeout: Self.connectTimeout) else {
            throw .connectionLost("no memory for a connection")
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            defer { PQfinish(handle) }
            throw Self.failure(of: handle, after: TimeSource.system.uptime() - start)
        }
        self.handle = handle
        PQsetnonblocking(handle, 1)
        guard PQenterPipelineMode(handle) == 1 else { throw .connectionLost("no pipeline mode") }
    }

    deinit { PQfinish(handle) }

    /// Why it could not connect. libpq shows the code of a refusal only to who asked for it, which takes a handle: so it is tried
    /// once more, unless the server hangs.
    private static func failure(of handle: OpaquePointer, after time: Duration) -> PostgresError {
        let reason = String(cString: PQerrorMessage(handle)).singleLine
        guard time < quickRefusal else { return .connectionLost(reason) }
        PQsetErrorVerbosity(handle, PQERRORS_SQLSTATE)
        PQreset(handle)
        let state = String(cString: PQerrorMessage(handle)).split(whereSeparator: \.isWhitespace).last ?? ""
        let isCode = state.utf8.count == 5 && state.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) }
        return isCode ? .refused(state: String(state), message: reason) : .connectionLost(reason)
    }

    var isBroken: Bool { isGivenUp || PQstatus(handle) != CONNECTION_OK }
    var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// Runs the statements in one round trip, one result for each. After an error, those behind it have not run.
    @discardableResult
    func run(_ statements: [PostgresStatement]) throws(PostgresError) -> [PostgresRows] {
        let deadline = TimeSource.system.uptime() + Self.patience
        var commands: [Command] = []
        for statement in statements {
            if prepared[statement.sql] == nil {
                try prepare(statement)
                commands.append(.prepare(statement.sql))
            }
            try send(statement)
            commands.append(.execute)
        }
        guard PQpipelineSync(handle) == 1 else { throw lost() }
        try flush(until: deadline)
        return try results(of: commands, until: deadline)
    }

    private func prepare(_ statement: PostgresStatement) throws(PostgresError) {
        let name = "s\(lastName)"
        lastName += 1
        let types = statement.parameters.map(\.type)
        guard PQsendPrepare(handle, name, statement.sql, Int32(types.count), types) == 1 else { throw lost() }
        prepared[statement.sql] = name
    }

    private func send(_ statement: PostgresStatement) throws(PostgresError) {
        let values = statement.parameters.map(\.encoded)
        // An empty value still needs a place to point to: a null pointer stands for NULL.
        var storage: [UInt8] = values.flatMap { $0 ?? [] }
        storage.append(0)
        let sent = storage.withUnsafeBytes { bytes in
            var offset = 0
            let pointers = values.map { value -> UnsafePointer<CChar>? in
                guard let value else { return nil }
                defer { offset += value.count }
                return (bytes.baseAddress! + offset).assumingMemoryBound(to: CChar.self)
            }
            return PQsendQueryPrepared(
                handle, prepared[statement.sql], Int32(values.count), pointers, values.map { Int32($0?.count ?? 0) },
                values.map { _ in 1 }, 1)
        }
        guard sent == 1 else { throw lost() }
    }

    private func results(of commands: [Command], until deadline: Duration) throws(PostgresError) -> [PostgresRows] {
        var rows: [PostgresRows] = []
        var failure: PostgresError?
        for command in commands {
            guard let result = try next(until: deadline).map(PostgresRows.init) else { throw lost() }
            switch (result.status, command) {
            case (PGRES_TUPLES_OK, _), (PGRES_COMMAND_OK, .execute): rows.append(result)
            case (PGRES_COMMAND_OK, .prepare): break
            case (_, .execute): failure = failure ?? result.refusal
            case (_, .prepare(let sql)):
                failure = failure ?? result.refusal
                prepared[sql] = nil
            }
            // Null ends the results of one command.
            while let more = try next(until: deadline) { PQclear(more) }
        }
        guard let sync = try next(until: deadline) else { throw lost() }
        PQclear(sync)
        if let failure { throw isBroken ? lost() : failure }
        return rows
    }

    private func next(until deadline: Duration) throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            try wait(for: Int16(POLLIN), until: deadline)
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
        return PQgetResult(handle)
    }

    private func flush(until deadline: Duration) throws(PostgresError) {
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1:
                try wait(for: Int16(POLLIN | POLLOUT), until: deadline)
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            default: throw lost()
            }
        }
    }

    private func wait(for events: Int16, until deadline: Duration) throws(PostgresError) {
        let left = deadline - TimeSource.system.uptime()
        guard left > .zero else {
            isGivenUp = true
            throw .connectionLost("no answer within \(Self.patience.components.seconds) s")
        }
        var descriptor = pollfd(fd: PQsocket(handle), events: events, revents: 0)
        poll(&descriptor, 1, Int32(clamping: left.milliseconds + 1))
    }

    private func lost() -> PostgresError {
        isGivenUp = true
        let reason = String(cString: PQerrorMessage(handle)).singleLine
        return .connectionLost(reason.isEmpty ? "closed" : reason)
    }
}

extension String {
    /// Lines joined by spaces.
    var singleLine: String { split(whereSeparator: \.isNewline).joined(separator: " ") }
}
