import NIOCore
import NIOHTTP1

/// A live stream: notes when each message arrived, and acknowledges now and then on another connection.
final class StreamListener: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private static let line = UInt8(ascii: "\n")

    private let request: HTTPRequestHead
    private let ready: EventLoopPromise<Void>
    private let onMessage: (_ number: Substring, _ text: Substring) -> Void
    private var rest = ByteBuffer()
    private var number: Substring = ""

    /// - Parameters:
    ///   - ready: succeeds once the stream has caught up.
    ///   - onMessage: called with each message's number and data.
    init(
        _ request: HTTPRequestHead, ready: EventLoopPromise<Void>,
        onMessage: @escaping (_ number: Substring, _ data: Substring) -> Void
    ) {
        self.request = request
        self.ready = ready
        self.onMessage = onMessage
    }

    /// Behind TLS, what is written before the handshake waits for it.
    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .body(var bytes) = unwrapInboundIn(data) else { return }
        rest.writeBuffer(&bytes)
        while let end = rest.readableBytesView.firstIndex(of: Self.line) {
            let line = Substring(rest.readString(length: end - rest.readerIndex) ?? "")
            rest.moveReaderIndex(forwardBy: 1)
            read(line)
        }
        rest.discardReadBytes()
    }

    private func read(_ line: Substring) {
        if line.hasPrefix("id: ") {
            number = line.dropFirst(4)
        } else if line == "event: caught-up" {
            ready.succeed()
        } else if line.hasPrefix("data: {\"message\":\"") {
            onMessage(number, line.dropFirst(18))
        }
    }

    func channelInactive(context: ChannelHandlerContext) { ready.fail(Exchange.Closed()) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
