import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// A connection on its way from the listening socket to its handler. When the server stops just then, nobody takes it, and
/// it is closed.
final class AcceptedConnection<Base: ServerChildChannel>: ServerChildChannelValue {
    let channel: any Channel
    private let base: Base
    private let value: Base.Value
    private let logger: Logger
    private let isTaken = Atomic(false)

    init(base: Base, value: Base.Value, channel: any Channel, logger: Logger) {
        self.base = base
        self.value = value
        self.channel = channel
        self.logger = logger
    }

    func handle() async {
        isTaken.store(true, ordering: .relaxed)
        await base.handle(value: value, logger: logger)
    }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        channel.close(promise: nil)
        // NIO ends the process when an asynchronous channel goes that nobody has used (swift-nio, issue 2637).
        Task { [base, value, logger] in await base.handle(value: value, logger: logger) }
    }
}
