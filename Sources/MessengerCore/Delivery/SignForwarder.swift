import ServiceLifecycle

/// Tells the processes that push callbacks which devices gave a sign here.
public struct SignForwarder: Service {
    private let mailbox: CallbackMailbox
    private let presence: any DevicePresence
    private let outages: StoreOutages

    public init(mailbox: CallbackMailbox, presence: any DevicePresence, outages: StoreOutages) {
        self.mailbox = mailbox
        self.presence = presence
        self.outages = outages
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while let batch = await mailbox.next() {
                guard !batch.tryNow.isEmpty else { continue }
                do {
                    try await presence.sign(of: Array(batch.tryNow))
                } catch {
                    outages.failed("telling who pushes of a sign", error)
                }
            }
        }
    }
}
