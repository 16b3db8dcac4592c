import MessengerCore

/// What did not happen in time.
public struct NeverHappened: Error, CustomStringConvertible {
    public let description: String
}

/// Waits until the condition holds, looking every few milliseconds; for things that other tasks do, which no clock of a
/// test drives. Throws `NeverHappened` after `limit`.
public func eventually(
    _ what: String, within limit: Duration = .seconds(40), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw NeverHappened(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
