/// Reads one stream to its end, and keeps how it ended.
actor StreamReader {
    private var parser = ServerEventParser()
    private let handle: @Sendable ([ServerEvent]) async throws -> Void
    private(set) var ending = StreamResumption.Ending.closed
    /// Something came.
    private(set) var worked = false

    init(_ handle: @escaping @Sendable ([ServerEvent]) async throws -> Void) { self.handle = handle }

    /// Pieces come one after another, each when the one before is dealt with.
    func take(_ piece: [UInt8]) async throws {
        let events = try parser.take(piece)
        worked = true
        if events.contains(.replaced) { ending = .replaced }
        if events.contains(.loggedOut) { ending = .loggedOut }
        try await handle(events)
    }
}
