import NIOCore
import NIOHTTP1

/// One request at a time on one callback connection.
final class CallbackExchange: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Post
    typealias OutboundOut = HTTPClientRequestPart

    struct Post: Sendable {
        let head: HTTPRequestHead
        let body: ByteBuffer
        let status: EventLoopPromise<Int>
    }

    /// An outbound event: the answer is awaited no longer.
    struct DeadlinePassed: Sendable {}

    enum Failure: Error, CustomStringConvertible {
        case timeout
        case closed

        var description: String {
            switch self {
            case .timeout: "no answer within \(Int(HTTPCallbackPusher.timeout.nanoseconds / 1_000_000_000)) s"
            case .closed: "the connection was closed before the answer"
            }
        }
    }

    /// An answer's body is not needed; beyond this the connection is not worth keeping.
    private static let maximumAnswerBytes = 64 << 10

    private var waiting: EventLoopPromise<Int>?
    private var status: Int?
    private var keepsAlive = false
    /// Whether the request has gone out: an address may answer before it has read everything.
    private var isWritten = false
    private var answerBytes = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let post = unwrapOutboundIn(data)
        guard context.channel.isActive else {
            post.status.fail(Failure.closed)
            promise?.fail(Failure.closed)
            return
        }
        waiting = post.status
        status = nil
        answerBytes = 0
        isWritten = false
        context.write(wrapOutboundOut(.head(post.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(post.body))), promise: nil)
        let written = promise ?? context.eventLoop.makePromise()
        written.futureResult.assumeIsolated().whenSuccess { self.isWritten = true }
        context.write(wrapOutboundOut(.end(nil)), promise: written)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            keepsAlive = head.isKeepAlive
        case .body(let bytes):
            answerBytes += bytes.readableBytes
            if answerBytes > Self.maximumAnswerBytes { finish(context, closing: true) }
        case .end: finish(context, closing: !keepsAlive || !isWritten)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is DeadlinePassed else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        finish(context, closing: true, otherwise: .timeout)
        promise?.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        waiting?.fail(error)
        waiting = nil
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(context, closing: false)
        context.fireChannelInactive()
    }

    /// The status counts once it is there, even when the rest of the answer never comes.
    private func finish(_ context: ChannelHandlerContext, closing: Bool, otherwise failure: Failure = .closed) {
        if let status { waiting?.succeed(status) } else { waiting?.fail(failure) }
        waiting = nil
        if closing { context.close(promise: nil) }
    }
}
