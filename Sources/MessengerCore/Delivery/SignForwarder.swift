import Logging
import ServiceLifecycle

/// Tells the processes that push callbacks which devices gave a sign here.
public struct SignForwarder: Service {
    private let mailbox: CallbackMailbox
    private let presence: any DevicePresence
    private let logger: Logger

    public init(mailbox: CallbackMailbox, presence: any DevicePresence, logger: Logger) {
        self.mailbox = mailbox
        self.presence = presence
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while let batch = await mailbox.next() {
                guard !batch.tryNow.isEmpty else { continue }
                do {
                    try await presence.sign(of: Array(batch.tryNow))
                } catch {
                    logger.warning("Could not tell who pushes of a sign", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
