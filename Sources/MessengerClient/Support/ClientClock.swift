import Foundation

/// The time and how to wait for it; tests put their own in its place.
struct ClientClock: Sendable {
    /// Milliseconds since 1970.
    var now: @Sendable () -> UInt64
    var sleep: @Sendable (Duration) async throws -> Void

    static let system = ClientClock(
        now: { UInt64(max(0, Date().timeIntervalSince1970) * 1000) }, sleep: { try await Task.sleep(for: $0) })
}
