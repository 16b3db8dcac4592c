import Logging
import MessengerAPI
import MessengerCore
import TestSupport

@testable import ClusterBackend

/// An empty database of a test's own, and the ways to it.
struct TestDatabase {
    let address: PostgresAddress
    let port: Int
    let name: String

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(_ address: PostgresAddress) {
        self.address = address
        let parts = address.description.split { ":/".contains($0) }
        port = Int(parts[1])!
        name = String(parts[2])
    }

    /// On the server that most tests share.
    static func run<Value>(_ body: (TestDatabase) async throws -> Value) async throws -> Value {
        try await PostgresServer.withDatabase { try await body(TestDatabase($0)) }
    }

    /// The same with one backend on it, as the process of that node has it.
    static func withBackend<Value>(
        limits: InboxLimits = InboxLimits(), node: NodeID? = NodeID(1), _ body: (PostgresBackend) async throws -> Value
    ) async throws -> Value {
        try await run { database in try await database.withBackend(limits: limits, node: node, body) }
    }

    func withBackend<Value>(
        limits: InboxLimits = InboxLimits(), node: NodeID? = NodeID(1), through port: Int? = nil,
        _ body: (PostgresBackend) async throws -> Value
    ) async throws -> Value {
        let backend = try await PostgresBackend.open(
            port.map(address(through:)) ?? address, limits: limits, node: { node }, logger: Self.silent)
        defer { backend.close() }
        return try await body(backend)
    }

    /// The same database behind another port of this machine.
    private func address(through port: Int) throws -> PostgresAddress {
        try PostgresAddress("postgres://postgres@127.0.0.1:\(port)/\(name)")
    }
}

extension PostgresBackend {
    /// Runs a statement by itself; its first value.
    @discardableResult
    func sql(_ statement: String) async throws -> Int64 { try await pool.run(statement) { $0.first?.optionalInt(0) ?? 0 } }

    func numbers(_ statement: String) async throws -> [Int64] { try await pool.run(statement) { rows in rows.map { $0.int(0) } } }
}
