import NIOCore
import NIOPosix
import Synchronization

/// A callback address of no manners: what it says and when is up to the test.
final class RawSink: Sendable {
    enum Moment {
        case connected
        case received(ByteBuffer)
        case writable
    }

    typealias Reaction = @Sendable (any Channel, Moment) -> Void

    private final class Handler: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let sink: RawSink
        init(_ sink: RawSink) { self.sink = sink }

        func channelActive(context: ChannelHandlerContext) {
            sink.state.withLock { $0.connections += 1 }
            sink.reaction(context.channel, .connected)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            sink.state.withLock { $0.received += String(buffer: bytes) }
            sink.reaction(context.channel, .received(bytes))
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            if context.channel.isWritable { sink.reaction(context.channel, .writable) }
        }

        func channelInactive(context: ChannelHandlerContext) { sink.state.withLock { $0.ended += 1 } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let state = Mutex((connections: 0, ended: 0, received: "", port: 0))
    private let reaction: Reaction

    var address: String { "http://127.0.0.1:\(port)/inbox" }
    var port: Int { state.withLock { $0.port } }
    var connections: Int { state.withLock { $0.connections } }
    var ended: Int { state.withLock { $0.ended } }
    var received: String { state.withLock { $0.received } }

    private init(_ reaction: @escaping Reaction) { self.reaction = reaction }

    /// Listens around `body`. Called on the connection's event loop.
    /// - Parameter receiveBuffer: how many bytes the system takes in that nobody reads.
    static func run<Value: Sendable>(
        autoRead: Bool = true, receiveBuffer: Int? = nil, _ reaction: @escaping Reaction,
        _ body: @Sendable (RawSink) async throws -> Value
    ) async throws -> Value {
        let sink = RawSink(reaction)
        var bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).serverChannelOption(.backlog, value: 256)
        // Connections inherit it from the listening socket.
        if let receiveBuffer { bootstrap = bootstrap.serverChannelOption(.socketOption(.so_rcvbuf), value: receiveBuffer) }
        let server =
            try await bootstrap
            .childChannelOption(.autoRead, value: autoRead)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(sink)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        sink.state.withLock { $0.port = server.localAddress?.port ?? 0 }
        let result: Result<Value, any Error>
        do { result = .success(try await body(sink)) } catch { result = .failure(error) }
        try await server.close()
        return try result.get()
    }
}

extension Channel {
    func say(_ text: String) { writeAndFlush(ByteBuffer(string: text), promise: nil) }
}
