import NIOCore

/// Sits next to the socket. Closes a connection that takes too long to make a request (TLS handshake included), and one
/// whose client has closed its side while nothing but a live stream is left to send.
final class ConnectionGuard: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let times: ConnectionTimes
    private let deadline = MovingDeadline()
    private var requestsUnderWay = 0
    private var isHTTP2 = false
    private var isStreaming = false
    private var isInputClosed = false

    init(times: ConnectionTimes) { self.times = times }

    func handlerAdded(context: ChannelHandlerContext) { deadline.set(after: times.head, context) }
    func handlerRemoved(context: ChannelHandlerContext) { deadline.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // HTTP/2 has frames beside requests; `FrameGuard` watches them.
        if requestsUnderWay == 0, !deadline.isSet, !isHTTP2 { deadline.set(after: times.head, context) }
        context.fireChannelRead(data)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let progress = event as? RequestProgress else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        switch progress {
        case .headRead(let isHTTP2):
            self.isHTTP2 = isHTTP2
            requestsUnderWay += 1
            deadline.clear()
        case .answered:
            requestsUnderWay -= 1
            isStreaming = false
            // An idle client is asked to go; one that does not answer even that has to.
            if isHTTP2, requestsUnderWay == 0 { deadline.set(after: times.idle + times.head, context) }
        case .nextBegun:
            if !deadline.isSet { deadline.set(after: times.head, context) }
        case .streaming:
            isStreaming = true
            if isInputClosed { context.close(promise: nil) }
        }
        promise?.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            isInputClosed = true
            if isStreaming || requestsUnderWay == 0 {
                context.close(promise: nil)
                return
            }
        }
        // The server stops. Before the TLS handshake is done nobody else would close; HTTP/2 says goodbye itself.
        if event is ChannelShouldQuiesceEvent, !isHTTP2 {
            if times.farewell > .zero {
                context.fireUserInboundEventTriggered(Farewell())
                quiesce(after: times.farewell, context)
                return
            }
            if requestsUnderWay == 0 {
                context.close(promise: nil)
                return
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func quiesce(after time: Duration, _ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) {
            if self.requestsUnderWay == 0 {
                context.close(promise: nil)
            } else {
                context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }
        }
    }
}
