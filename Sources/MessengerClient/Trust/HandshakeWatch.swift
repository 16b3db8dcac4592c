import NIOCore
import NIOTLS

/// Tells when the TLS handshake of a connection is over, or why there was none.
final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    struct Closed: Error, CustomStringConvertible { let description = "the connection was closed" }
    struct TooSlow: Error, CustomStringConvertible { let description = "no answer in time" }

    private let done: EventLoopPromise<Void>

    init(done: EventLoopPromise<Void>) { self.done = done }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { done.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(Closed())
        context.fireChannelInactive()
    }
}
