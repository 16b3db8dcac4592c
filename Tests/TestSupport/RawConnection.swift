import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection to a server of this test, byte by byte: for what a well-behaved HTTP client does not send or hides.
public final class RawConnection: Sendable {
    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let state = Mutex<(bytes: [UInt8], isClosed: Bool)>(([], false))

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            state.withLock { $0.bytes += unwrapInboundIn(data).readableBytesView }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) { state.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let channel: any Channel
    private let collector: Collector

    /// - Parameter reads: false reads nothing until `read()`, and lets the system keep no more than a few KiB.
    public init(port: Int, reads: Bool = true) async throws {
        let collector = Collector()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(collector) }
            }
        if !reads { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 16 << 10) }
        channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        self.collector = collector
    }

    deinit { channel.close(promise: nil) }

    public func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }
    /// Says that nothing more is sent; the answer can still come.
    public func finish() async throws { try await channel.close(mode: .output) }
    public func read() async throws { try await channel.setOption(.autoRead, value: true).get() }

    /// Everything that came so far.
    public var bytes: [UInt8] { collector.state.withLock { $0.bytes } }
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    public var isClosed: Bool { collector.state.withLock { $0.isClosed } }
    public func close() async throws { try await channel.close() }
}
