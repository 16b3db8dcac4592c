import HTTPTypes
import Hummingbird
import MessengerAPI
import MessengerCore
import NIOCore

/// Answers a request with the live stream of its device.
struct StreamResponder: Sendable {
    static let contentType = "text/event-stream"

    let inbox: Inbox
    let store: any CallbackStore
    let streams: LiveStreams
    let presence: any DevicePresence
    let knowsEndedSessions: @Sendable () -> Bool
    let callbacks: CallbackMailbox
    let outages: StoreOutages

    /// Throws, before the answer begins, what `Inbox.pending` throws.
    func check(_ session: Session, after: MessageNumber) async throws {
        _ = try await inbox.pending(for: session.device, after: after, limit: 1)
    }

    /// For the router, which keeps the request's task until the stream ends.
    func respond(to session: Session, after: MessageNumber, _ context: APIContext) async throws -> Response {
        try await check(session, after: after)
        let channel = context.channel
        return Response(
            status: .ok, headers: [.contentType: Self.contentType],
            body: ResponseBody { writer in
                try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
                    channel.eventLoop.execute {
                        begin(session, after: after, on: channel) { ended.resume(with: $0) }
                    }
                }
                try await writer.finish(nil)
            })
    }

    /// On the channel's event loop, once the answer's head is written. `ended` is called there too, once.
    func begin(
        _ session: Session, after start: MessageNumber, on channel: any Channel,
        ended: @escaping (Result<Void, any Error>) -> Void
    ) {
        ConnectedStream(self, session: session, after: start, channel: channel, ended: ended).begin(for: session)
    }
}
