import NIOCore

/// Closes an HTTP/2 connection whose client begins a frame or a block of headers and does not end it in time. Frames of a
/// body are watched as bodies are.
final class FrameGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let prefaceLength = 24
    private static let headerLength = 9
    private enum Kind { static let data: UInt8 = 0, headers: UInt8 = 1, continuation: UInt8 = 9 }
    private static let endOfHeaders: UInt8 = 4

    private let time: Duration
    private var header: [UInt8] = []
    /// Bytes that are still to come of the frame that has begun.
    private var rest = FrameGuard.prefaceLength
    private var isData = false
    private var areHeadersOpen = false
    private var deadline: Scheduled<Void>?

    init(time: Duration) { self.time = time }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        follow(unwrapInboundIn(data))
        if areHeadersOpen || !header.isEmpty || rest > 0 && !isData {
            if deadline == nil {
                deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { context.close(promise: nil) }
            }
        } else {
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    /// RFC 9113, 4.1: 24 bits of length, 8 of type, 8 of flags, 32 of stream.
    private func follow(_ bytes: ByteBuffer) {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            if rest > 0 {
                let count = min(rest, bytes.readableBytes)
                bytes.moveReaderIndex(forwardBy: count)
                rest -= count
                continue
            }
            header += bytes.readBytes(length: min(Self.headerLength - header.count, bytes.readableBytes)) ?? []
            guard header.count == Self.headerLength else { return }
            rest = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
            isData = header[3] == Kind.data
            if header[3] == Kind.headers || header[3] == Kind.continuation {
                areHeadersOpen = header[4] & Self.endOfHeaders == 0
            }
            header.removeAll(keepingCapacity: true)
        }
    }
}
