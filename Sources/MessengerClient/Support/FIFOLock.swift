/// Lets one task at a time through, in the order in which they came, also across suspensions.
actor FIFOLock {
    private var isHeld = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Waits are not cut short by cancellation: what is waited for is short.
    func withLock<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        await acquire()
        defer { release() }
        return try await work()
    }

    private func acquire() async {
        guard isHeld else {
            isHeld = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func release() {
        if waiting.isEmpty {
            isHeld = false
        } else {
            waiting.removeFirst().resume()
        }
    }
}
