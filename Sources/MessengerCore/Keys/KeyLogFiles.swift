import KeyLog

/// The files of the key log, as C2SP tlog-tiles names them.
public struct KeyLogFiles: Sendable {
    private let store: any KeyLogStore

    public init(store: any KeyLogStore) { self.store = store }

    /// The log's keys as they are now. Throws `StoreError`.
    public func identity() async throws -> LogIdentity { try Self.opened(try await store.logIdentity()) }

    /// The newest signed checkpoint. Throws `StoreError`.
    public func checkpoint() async throws -> [UInt8] { try Self.opened(try await store.checkpoint()) }

    private static func opened<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw StoreError.unavailable("the key log is not open") }
        return value
    }

    /// - Parameter path: such as `tile/0/x001/067` or `tile/records/000.p/3`.
    /// Nil when there is no such file, or not yet. Throws `StoreError`.
    public func file(at path: String) async throws -> [UInt8]? {
        if let tile = Tile(path: path) { return try await store.tile(tile) }
        guard let (index, width) = RecordBundle.place(path: path) else { return nil }
        return try await store.records(tile: index, count: width).map { RecordBundle.bytes($0) }
    }
}
