import NIOCore
import NIOPosix
import NIOSSL
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

    /// - Parameters:
    ///   - reads: false reads nothing until `read()`, and lets the system keep no more than a few KiB.
    ///   - tls: nil speaks plainly; certificates are not checked.
    public init(port: Int, reads: Bool = true, tls: TLSConfiguration? = nil) async throws {
        let collector = Collector()
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(collector)
                }
            }
        if !reads { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 16 << 10) }
        channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        self.collector = collector
    }

    deinit { channel.close(promise: nil) }

    public func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }
    public func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
    /// Says that nothing more is sent; the answer can still come.
    public func finish() async throws { try await channel.close(mode: .output) }
    /// Takes what is there, for one that does not read by itself.
    public func readOnce() { channel.read() }
    public func read() async throws { try await channel.setOption(.autoRead, value: true).get() }

    /// Everything that came so far.
    public var bytes: [UInt8] { collector.state.withLock { $0.bytes } }
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    public var isClosed: Bool { collector.state.withLock { $0.isClosed } }
    public func close() async throws { try await channel.close() }

    /// Ends it without a goodbye.
    public func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close()
    }
}

extension TLSConfiguration {
    /// For a server of this test, whose certificate nobody vouches for.
    public static func test(protocols: [String] = []) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = protocols
        // A server that does not answer the goodbye must not hold up the test.
        configuration.shutdownTimeout = .milliseconds(100)
        return configuration
    }
}
