import Hummingbird
import MessengerAPI
import MessengerCore
import NIOCore
import NIOHTTPTypes

/// Answers a request with the live stream of its device.
struct StreamResponder: Sendable {
    let inbox: Inbox
    let store: any CallbackStore
    let streams: LiveStreams
    let presence: any DevicePresence
    let knowsEndedSessions: @Sendable () -> Bool
    let callbacks: CallbackMailbox
    let outages: StoreOutages

    /// Throws, before the answer begins, what `Inbox.pending` throws.
    func respond(to session: Session, after: MessageNumber, _ context: APIContext) async throws -> Response {
        _ = try await inbox.pending(for: session.device, after: after, limit: 1)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: ResponseBody { writer in
                // On the connection's own thread: what is handed over is written without another change of thread.
                try await withTaskExecutorPreference(EventLoopExecutor(context.channel.eventLoop)) {
                    try await run(for: session, after: after, context)
                }
                try await writer.finish(nil)
            })
    }

    /// Straight to the channel; waits only for a reader that has not taken what was written before.
    private static func write(_ events: [StreamEvent], to channel: any Channel) async throws {
        let part = HTTPResponsePart.body(EventStreamEncoder.encode(events))
        if channel.isWritable {
            channel.writeAndFlush(part, promise: nil)
        } else {
            try await channel.writeAndFlush(part).get()
        }
    }

    private func run(
        for session: Session, after: MessageNumber, _ context: APIContext
    ) async throws {
        let bell = streams.attach(session)
        context.channel.closeFuture.whenComplete { _ in bell.end(.disconnected) }
        context.channel.triggerUserOutboundEvent(RequestProgress.streaming, promise: nil)
        do {
            // A logout between the request's own check and the attachment found no stream to end.
            bell.attachment = try await presence.attach(session)
            if bell.attachment == nil { bell.end(.loggedOut) }
            try await LiveStream(
                inbox: inbox, callbacks: store, bell: bell, knowsEndedSessions: knowsEndedSessions
            ).run(after: after) {
                try await Self.write($0, to: context.channel)
            }
            await ended(bell)
        } catch {
            await ended(bell)
            if error is StoreError { outages.failed("a live stream", error) }
            throw error
        }
    }

    private func ended(_ bell: StreamBell) async {
        streams.detach(bell)
        if let attachment = bell.attachment { await presence.detach(attachment) }
        callbacks.sign(of: bell.device, bell.user)
    }
}
