import Hummingbird
import Logging
import MessengerAPI
import MessengerCore
import NIOCore

/// Answers a request with the live stream of its device.
struct StreamResponder: Sendable {
    let inbox: Inbox
    let accounts: Accounts
    let store: any CallbackStore
    let streams: LiveStreams
    let callbacks: CallbackMailbox

    /// Throws, before the answer begins, what `Inbox.pending` throws.
    func respond(to session: Session, after: MessageNumber, _ context: APIContext) async throws -> Response {
        _ = try await inbox.pending(for: session.device, after: after, limit: 1)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: ResponseBody { writer in
                try await run(for: session, after: after, context) { try await writer.write(EventStreamEncoder.encode($0)) }
                try await writer.finish(nil)
            })
    }

    private func run(
        for session: Session, after: MessageNumber, _ context: APIContext, write: ([StreamEvent]) async throws -> Void
    ) async throws {
        let bell = streams.attach(session)
        defer {
            streams.detach(bell)
            callbacks.sign(of: session.device, session.user)
        }
        context.channel.closeFuture.whenComplete { _ in bell.end(.disconnected) }
        context.channel.triggerUserOutboundEvent(RequestProgress.streaming, promise: nil)
        do {
            // A logout between the request's own check and the attachment found no stream to end.
            if try await !accounts.isLive(session) { bell.end(.loggedOut) }
            try await LiveStream(inbox: inbox, callbacks: store, bell: bell).run(after: after, write: write)
        } catch let error as StoreError {
            context.logger.warning("Stream ended", metadata: ["id": "\(context.requestID)", "error": "\(error)"])
            throw error
        }
    }
}
