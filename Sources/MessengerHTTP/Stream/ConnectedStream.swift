import MessengerAPI
import MessengerCore
import NIOCore
import NIOHTTPTypes

/// A device's live stream on its connection's event loop. It holds a task only while it reads the store or waits for a slow
/// reader: what an idle stream holds is what ten thousand of them hold.
final class ConnectedStream {
    private let responder: StreamResponder
    private let channel: any Channel
    private let bell: StreamBell
    private let stream: LiveStream
    private let ended: (Result<Void, any Error>) -> Void
    /// The last number that was written.
    private var last: MessageNumber

    /// - Parameter ended: called once, on the event loop: when the last event is written, or with what the store or the
    ///   channel threw.
    init(
        _ responder: StreamResponder, session: Session, after start: MessageNumber, channel: any Channel,
        ended: @escaping (Result<Void, any Error>) -> Void
    ) {
        self.responder = responder
        self.channel = channel
        self.ended = ended
        last = start
        bell = responder.streams.attach(session)
        stream = LiveStream(
            inbox: responder.inbox, callbacks: responder.store, bell: bell, knowsEndedSessions: responder.knowsEndedSessions)
    }

    /// On the event loop, once the answer's head is written.
    func begin(for session: Session) {
        channel.triggerUserOutboundEvent(RequestProgress.streaming, promise: nil)
        let (bell, presence, stream, write, start) = (bell, responder.presence, stream, write, last)
        channel.closeFuture.whenComplete { _ in bell.end(.disconnected) }
        let loop = channel.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        bell.listen { loop.execute { bound.value.relay() } }
        work {
            // A logout between the request's own check and the attachment found no stream to end.
            bell.attachment = try await presence.attach(session)
            if bell.attachment == nil { bell.end(.loggedOut) }
            return try await stream.begin(after: start, write: write)
        }
    }

    /// Writes what is handed over, until there is nothing, or a task has to do it.
    private func relay() {
        while let wake = bell.take(after: last) {
            let (stream, write, last) = (stream, write, last)
            switch wake {
            case .fresh(let messages):
                let end = messages.last?.number ?? last
                guard channel.isWritable, responder.knowsEndedSessions() else {
                    work { try await stream.relay(messages, write: write) ? end : last }
                    return
                }
                Self.write(messages.map { .message($0) }, to: channel)
                self.last = end
            case .news:
                work { try await stream.catchUp(after: last, write: write) }
                return
            // A reader that is behind is not kept waiting for a word.
            case .quiet: if channel.isWritable { Self.write([.keepAlive], to: channel) }
            case .end(let reason):
                if let event = reason.event { Self.write([event], to: channel) }
                finish(.success(()))
                return
            }
        }
    }

    /// - Parameter work: returns the last number that it wrote.
    private func work(_ work: @escaping @Sendable () async throws -> MessageNumber) {
        let loop = channel.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        Task(executorPreference: EventLoopExecutor(loop)) {
            let result: Result<MessageNumber, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            loop.execute { bound.value.worked(result) }
        }
    }

    private func worked(_ result: Result<MessageNumber, any Error>) {
        switch result {
        case .success(let number):
            last = number
            relay()
        case .failure(let error):
            if error is StoreError { responder.outages.failed("a live stream", error) }
            finish(.failure(error))
        }
    }

    private func finish(_ result: Result<Void, any Error>) {
        bell.listen(nil)
        responder.streams.detach(bell)
        let (bell, presence, callbacks) = (bell, responder.presence, responder.callbacks)
        Task {
            if let attachment = bell.attachment { await presence.detach(attachment) }
            callbacks.sign(of: bell.device, bell.user)
        }
        ended(result)
    }

    /// Waits only for a reader that has not taken what was written before.
    private var write: @Sendable ([StreamEvent]) async throws -> Void {
        { [channel] events in
            if channel.isWritable {
                Self.write(events, to: channel)
            } else {
                try await channel.writeAndFlush(Self.part(events)).get()
            }
        }
    }

    private static func write(_ events: [StreamEvent], to channel: any Channel) {
        channel.writeAndFlush(part(events), promise: nil)
    }

    private static func part(_ events: [StreamEvent]) -> HTTPResponsePart { .body(EventStreamEncoder.encode(events)) }
}

extension StreamBell.EndReason {
    /// What the client is told; nil when it has gone.
    fileprivate var event: StreamEvent? {
        switch self {
        case .replaced: .replaced
        case .loggedOut: .loggedOut
        case .closing: .closing
        case .disconnected: nil
        }
    }
}
