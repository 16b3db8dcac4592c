import CPostgres
import Foundation
import MessengerCore

/// Where the database is: `postgres://user[:password]@host[:port]/name[?sslmode=…]`, as libpq reads it (PostgreSQL
/// documentation, 34.1.1.2). Never shows its password.
public struct PostgresAddress: Sendable, CustomStringConvertible {
    public struct Invalid: Error, CustomStringConvertible {
        public let description: String
    }

    /// Index scans and generic plans: every statement reads by key, and a plan that was made while a table was small must
    /// not be kept. What is answered is on disk, whatever the server's own default is. A process that stops in the middle of a
    /// transaction loses its locks before others give up waiting for them.
    private static let options = """
        -c synchronous_commit=on -c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=3000 \
        -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c client_min_messages=error
        """

    private let url: String
    public let description: String

    public init(_ url: String) throws(Invalid) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw Invalid(description: "the database is named like postgres://user@host/name")
        }
        var error: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &error) else {
            defer { PQfreemem(error) }
            throw Invalid(
                description: "the database's URL cannot be read; it is like postgres://user@host/name?sslmode=verify-full")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        guard let host = values["host"] ?? values["hostaddr"] else {
            throw Invalid(description: "the database's URL names no host; it is like postgres://user@host/name")
        }
        guard values["port"]?.split(separator: ",").allSatisfy({ UInt16($0) ?? 0 > 0 }) ?? true else {
            throw Invalid(description: "the port in the database's URL is no number; it is like postgres://user@host:5432/name")
        }
        self.url = url
        description = "\(host):\(values["port"] ?? "5432")/\(values["dbname"] ?? values["user"] ?? "")"
    }

    /// Nil when there is no memory. The connection may have failed: its status says so.
    func connect(timeout: Duration) -> OpaquePointer? {
        let settings = [
            ("dbname", url), ("application_name", "messenger"), ("options", Self.options),
            ("connect_timeout", "\(timeout.components.seconds)"), ("keepalives_idle", "10"), ("keepalives_interval", "5"),
            ("keepalives_count", "3"), ("tcp_user_timeout", "10000"), ("target_session_attrs", "read-write"),
            ("client_encoding", "UTF8"),
        ]
        let keywords = settings.map { strdup($0.0) }
        let values = settings.map { strdup($0.1) }
        defer { for text in keywords + values { free(text) } }
        return PQconnectdbParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    }
}
