import NIOCore
import NIOHTTP2

/// Closes a connection that broke the protocol, once NIO has said goodbye. An error of one stream ends that stream alone.
final class HTTP2ErrorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !(error is NIOHTTP2Errors.StreamError) { context.close(promise: nil) }
    }
}
