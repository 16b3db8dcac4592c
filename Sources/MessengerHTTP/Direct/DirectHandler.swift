import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers sends and live streams on the event loop when nothing about them is unusual; every other request goes on to the
/// router as it came. See docs/decisions/0009 and 0016.
///
/// Answers keep the order of the requests: one is taken only while the router has none of this connection, and until it is
/// answered what comes next waits here, no more than one read of it.
final class DirectHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Phase {
        /// So many requests are with the router.
        case passing(Int)
        case reading(SendRoute.Pending)
        case asked(StreamRoute.Pending)
        case answering
    }

    private let sends: SendRoute
    private let streams: StreamRoute
    private var phase = Phase.passing(0)
    private var heldParts: [HTTPRequestPart] = []
    private var isReadHeld = false
    private var isInputClosed = false

    init(sends: SendRoute, streams: StreamRoute) {
        self.sends = sends
        self.streams = streams
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(unwrapInboundIn(data), context) }

    func read(context: ChannelHandlerContext) {
        if case .answering = phase, !heldParts.isEmpty { isReadHeld = true } else { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .passing(let count) = phase, case .end = unwrapOutboundIn(data) { phase = .passing(count - 1) }
        context.write(data, promise: promise)
    }

    /// The end of the client's side waits for the answer under way.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            switch phase {
            case .passing, .reading, .asked: break
            case .answering:
                isInputClosed = true
                return
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Nobody else knows of this request.
        if case .reading = phase, case RequestError.bodyCut = error { phase = .passing(0) }
        context.fireErrorCaught(error)
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (phase, part) {
        case (.passing(let count), .head(let head)):
            let peer = context.channel.remoteAddress
            if count == 0, let pending = sends.begin(head, peer: peer) {
                phase = .reading(pending)
            } else if count == 0, let pending = streams.begin(head, peer: peer) {
                phase = .asked(pending)
            } else {
                phase = .passing(count + 1)
                pass(part, context)
            }
        case (.reading(var pending), .body(var bytes)):
            pending.body.writeBuffer(&bytes)
            phase = .reading(pending)
        case (.reading(let pending), .end): send(pending, context)
        case (.asked(let pending), .end): open(pending, context)
        case (.asked(let pending), _):
            handOver(pending.head, context)
            pass(part, context)
        case (.answering, _): heldParts.append(part)
        case (.passing, _), (.reading, .head): pass(part, context)
        }
    }

    private func send(_ pending: SendRoute.Pending, _ context: ChannelHandlerContext) {
        phase = .answering
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let isTaken = sends.send(pending) { head, body in
            loop.execute {
                let (handler, context) = bound.value
                handler.answer(head, body, context)
            }
        }
        guard !isTaken else { return }
        handOver(pending.head, body: pending.body, context)
        pass(.end(nil), context)
    }

    private func open(_ pending: StreamRoute.Pending, _ context: ChannelHandlerContext) {
        phase = .answering
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        Task(executorPreference: EventLoopExecutor(loop)) { [streams] in
            let opened = await streams.open(pending)
            loop.execute {
                let (handler, context) = bound.value
                handler.begin(opened, of: pending, context)
            }
        }
    }

    private func begin(_ opened: StreamRoute.Opened?, of pending: StreamRoute.Pending, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard let opened else {
            handOver(pending.head, context)
            pass(.end(nil), context)
            context.fireChannelReadComplete()
            goOn(context)
            return
        }
        context.writeAndFlush(wrapOutboundOut(.head(opened.head)), promise: nil)
        streams.begin(opened, on: context.channel) { result in
            guard context.channel.isActive else { return }
            switch result {
            case .success:
                self.phase = .passing(0)
                context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
                self.goOn(context)
            // An answer without its end tells the client that it was cut off.
            case .failure: context.close(promise: nil)
            }
        }
    }

    private func answer(_ head: HTTPResponse, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        phase = .passing(0)
        guard context.channel.isActive else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        goOn(context)
    }

    /// Takes up what came meanwhile.
    private func goOn(_ context: ChannelHandlerContext) {
        if !heldParts.isEmpty {
            let parts = heldParts
            heldParts = []
            for part in parts { take(part, context) }
            context.fireChannelReadComplete()
        }
        if case .answering = phase { return }
        if isInputClosed {
            isInputClosed = false
            userInboundEventTriggered(context: context, event: ChannelEvent.inputClosed)
        }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    /// The router answers this one, from its head on.
    private func handOver(_ head: HTTPRequest, body: ByteBuffer = ByteBuffer(), _ context: ChannelHandlerContext) {
        phase = .passing(1)
        pass(.head(head), context)
        if body.readableBytes > 0 { pass(.body(body), context) }
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        context.fireChannelRead(wrapInboundOut(part))
    }
}
