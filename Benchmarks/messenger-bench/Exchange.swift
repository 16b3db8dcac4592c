import NIOCore
import NIOHTTP1

/// Requests on a connection, answered in their order; the answer is its status.
final class Exchange: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Post
    typealias OutboundOut = HTTPClientRequestPart

    struct Post: Sendable {
        let head: HTTPRequestHead
        let body: ByteBuffer
        let status: EventLoopPromise<UInt>
    }

    struct Closed: Error {}

    private var waiting: [EventLoopPromise<UInt>] = []
    private var status: UInt = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let post = unwrapOutboundIn(data)
        waiting.append(post.status)
        context.write(wrapOutboundOut(.head(post.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(post.body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status.code
        case .body: break
        case .end: if !waiting.isEmpty { waiting.removeFirst().succeed(status) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        for promise in waiting { promise.fail(Closed()) }
        waiting = []
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension Channel {
    /// Sends one request through an `Exchange`; its status. Throws `Exchange.Closed`.
    func post(_ head: HTTPRequestHead, _ body: ByteBuffer) async throws -> UInt {
        let status = eventLoop.makePromise(of: UInt.self)
        var head = head
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        writeAndFlush(Exchange.Post(head: head, body: body, status: status)).whenFailure { status.fail($0) }
        return try await status.futureResult.get()
    }
}
