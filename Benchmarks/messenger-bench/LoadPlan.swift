/// Who does what.
struct LoadPlan: Sendable {
    let listeners: [Person]
    let writers: [Person]
    /// By all writers; 0 is as fast as the answers come.
    let rate: Int
    let seconds: Int
    let ackEvery: Int
    let size: Int
    let hasKeys: Bool

    /// Whom the writer's message of that number goes to.
    func receiver(of writer: Int, message: Int) -> Person {
        listeners.isEmpty ? writers[(writer + message) % writers.count] : listeners[writer % listeners.count]
    }

    /// Between two sends of one writer; nil when it sends at will.
    var interval: Duration? {
        rate == 0 ? nil : .nanoseconds(Int64(writers.count) * 1_000_000_000 / Int64(rate))
    }
}
