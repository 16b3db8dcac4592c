import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Values on their way to PostgreSQL and back", .timeLimit(.minutes(1)))
struct PostgresValueTests {
    private static let long = [UInt8]((0..<300 << 10).map { UInt8(truncatingIfNeeded: $0) })
    private static let texts = ["", "plain", "grüße", "👩‍👩‍👧‍👦", "e\u{301}é", "tab\tline\nquote'\"\\", "{a,b}", "NULL"]
    private static let ints: [Int64] = [.min, -1, 0, 1, 256, 1 << 32, .max]

    /// One row of one value.
    private func one<Value: Sendable>(
        _ backend: PostgresBackend, _ value: PostgresValue, as type: String, _ read: @escaping @Sendable (PostgresRow) -> Value
    ) async throws -> Value? {
        try await backend.pool.run("SELECT $1::\(type)", value) { $0.first.map(read) }
    }

    /// The elements of an array, in order.
    private func elements<Value: Sendable>(
        _ backend: PostgresBackend, _ value: PostgresValue, _ read: @escaping @Sendable (PostgresRow) -> Value
    ) async throws -> [Value] {
        // A statement's text stands for its types, too.
        let types: [UInt32: String] = [1_000: "boolean", 1_001: "bytea", 1_009: "text", 1_016: "bigint"]
        return try await backend.pool.run(
            "SELECT value FROM unnest($1::\(types[value.type]!)[]) WITH ORDINALITY AS u (value, place) ORDER BY place", value
        ) { $0.map(read) }
    }

    @Test("Single values come back as they went, bytes of 0 and 300 KiB among them")
    func singles() async throws {
        try await TestDatabase.withBackend { backend in
            for int in Self.ints { #expect(try await one(backend, .int(int), as: "bigint") { $0.int(0) } == int) }
            for text in Self.texts {
                let back = try await one(backend, .text(text), as: "text") { $0.text(0) }
                #expect(back.map { Array($0.utf8) } == Array(text.utf8))
            }
            for bytes in [[], [0], [0, 0, 1, 0], Self.long] {
                #expect(try await one(backend, .bytes(bytes), as: "bytea") { $0.bytes(0) } == bytes)
            }
            for bool in [true, false] { #expect(try await one(backend, .bool(bool), as: "boolean") { $0.bool(0) } == bool) }
        }
    }

    @Test("NULL is nothing, an empty value is something")
    func null() async throws {
        try await TestDatabase.withBackend { backend in
            let nothing: [PostgresValue] = [.null(of: .int), .null(of: .bytes), .null(of: .text), .null(of: .bool)]
            for (value, type) in zip(nothing, ["bigint", "bytea", "text", "boolean"]) {
                let isNull = try await one(backend, value, as: type) { $0.optionalBytes(0) == nil && $0.optionalInt(0) == nil }
                #expect(isNull == true)
            }
            for (value, type) in [(PostgresValue.text(""), "text"), (.bytes([]), "bytea")] {
                let isEmpty = try await one(backend, value, as: type) { $0.optionalBytes(0) == [] }
                #expect(isEmpty == true)
            }
            let none = try await backend.pool.run("SELECT 1 WHERE false") { $0.isEmpty && $0.first == nil }
            #expect(none)
        }
    }

    @Test("Arrays come back in order: empty ones, NULLs within, and ten thousand elements")
    func arrays() async throws {
        try await TestDatabase.withBackend { backend in
            #expect(try await elements(backend, .ints(Self.ints)) { $0.int(0) } == Self.ints)
            #expect(try await elements(backend, .ints([])) { $0.int(0) } == [])
            #expect(try await elements(backend, .texts([])) { $0.text(0) } == [])
            #expect(try await elements(backend, .byteStrings([])) { $0.bytes(0) } == [])
            #expect(try await elements(backend, .bools([])) { $0.bool(0) } == [])
            #expect(try await elements(backend, .optionalInts([nil, 7, nil])) { $0.optionalInt(0) } == [nil, 7, nil])
            #expect(try await elements(backend, .bools([true, false, true])) { $0.bool(0) } == [true, false, true])
            let texts = try await elements(backend, .texts(Self.texts)) { $0.text(0) }
            #expect(texts.map { Array($0.utf8) } == Self.texts.map { Array($0.utf8) })
            let bytes: [[UInt8]] = [[], [0], Self.long, [255, 0]]
            #expect(try await elements(backend, .byteStrings(bytes)) { $0.bytes(0) } == bytes)
            let many = (0..<10_000).map { Int64($0) * 1_000_003 }
            #expect(try await elements(backend, .ints(many)) { $0.int(0) } == many)
        }
    }

    @Test("A message with U+0000 and the longest one come out as they went in")
    func messages() async throws {
        try await TestDatabase.withBackend { backend in
            let account = try await TestAccount.make(backend)
            let texts = ["\u{0}", "a\u{0}b", "", String(repeating: "é", count: 128 << 10)]
            for text in texts { try await account.send(text, on: backend) }
            #expect(try await account.texts(backend)?.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
        }
    }

    @Test("A connection survives the statements that the server refuses, first and later, alone and in a flight")
    func refusals() async throws {
        try await TestDatabase.run { database in
            let session = try PostgresSession(database.address)
            for _ in 0..<3 {
                #expect(throws: PostgresError.self) { try session.run([PostgresStatement("SELECT nonsense")]) }
                #expect(throws: PostgresError.self) {
                    try session.run([
                        PostgresStatement("SELECT 1 / $1", .int(0)), PostgresStatement("SELECT 'behind it'"),
                    ])
                }
                #expect(try session.run([PostgresStatement("SELECT 'behind it'")])[0].first?.text(0) == "behind it")
                #expect(try session.run([PostgresStatement("SELECT 1 / $1", .int(1))])[0].first?.int(0) == 1)
                #expect(!session.isBroken)
            }
        }
    }
}
