import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers `POST /api/messages/` on the event loop, without a task, when nothing about it is unusual; every other request
/// goes on to the router as it came. See docs/decisions/0009-sends-are-answered-before-the-router.md.
///
/// Answers keep the order of the requests: a send is taken only while the router has none of this connection, and while
/// one is being committed what comes next waits here, no more than one read of it.
final class SendHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Phase {
        /// So many requests are with the router.
        case passing(Int)
        case reading(SendRoute.Pending)
        case committing
    }

    private let route: SendRoute
    private var phase = Phase.passing(0)
    private var heldParts: [HTTPRequestPart] = []
    private var isReadHeld = false
    private var isInputClosed = false

    init(route: SendRoute) { self.route = route }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(unwrapInboundIn(data), context) }

    func read(context: ChannelHandlerContext) {
        if case .committing = phase, !heldParts.isEmpty { isReadHeld = true } else { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .passing(let count) = phase, case .end = unwrapOutboundIn(data) { phase = .passing(count - 1) }
        context.write(data, promise: promise)
    }

    /// The end of the client's side waits for the answer under way.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            switch phase {
            case .passing, .reading: break
            case .committing:
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
            if count == 0, let pending = route.begin(head, peer: context.channel.remoteAddress) {
                phase = .reading(pending)
            } else {
                phase = .passing(count + 1)
                pass(part, context)
            }
        case (.reading(var pending), .body(var bytes)):
            pending.body.writeBuffer(&bytes)
            phase = .reading(pending)
        case (.reading(let pending), .end): send(pending, context)
        case (.committing, _): heldParts.append(part)
        case (.passing, _), (.reading, .head): pass(part, context)
        }
    }

    private func send(_ pending: SendRoute.Pending, _ context: ChannelHandlerContext) {
        phase = .committing
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let isTaken = route.send(pending) { head, body in
            loop.execute {
                let (handler, context) = bound.value
                handler.answer(head, body, context)
            }
        }
        guard !isTaken else { return }
        handOver(pending, context)
        pass(.end(nil), context)
    }

    private func answer(_ head: HTTPResponse, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        phase = .passing(0)
        guard context.channel.isActive else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        goOn(context)
    }

    /// Takes up what came during the commit.
    private func goOn(_ context: ChannelHandlerContext) {
        if !heldParts.isEmpty {
            let parts = heldParts
            heldParts = []
            for part in parts { take(part, context) }
            context.fireChannelReadComplete()
        }
        if case .committing = phase { return }
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
    private func handOver(_ pending: SendRoute.Pending, _ context: ChannelHandlerContext) {
        phase = .passing(1)
        pass(.head(pending.head), context)
        if pending.body.readableBytes > 0 { pass(.body(pending.body), context) }
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        context.fireChannelRead(wrapInboundOut(part))
    }
}
