import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A client's callback address: answers 200, and counts.
final class CallbackSink: Sendable {
    struct BadAddress: Error {}

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private static let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])

        private let sink: CallbackSink
        init(_ sink: CallbackSink) { self.sink = sink }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            sink.arrived.withLock { $0 += 1 }
            context.write(wrapOutboundOut(.head(Self.head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let arrived = Mutex(0)
    var count: Int { arrived.withLock { $0 } }

    private init() {}

    /// - Parameter address: `host:port`.
    static func listen(on address: String) async throws -> CallbackSink {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { throw BadAddress() }
        let sink = CallbackSink()
        _ = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(Answer(sink))
                }
            }
            .bind(host: String(parts[0]), port: port).get()
        return sink
    }
}
