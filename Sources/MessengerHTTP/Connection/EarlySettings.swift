import NIOCore

/// Lets the server's settings hold from the start of an HTTP/2 connection. NIO applies them when the client acknowledges
/// them, and until then ends a connection for headers that `RequestGuard` would answer: so this acknowledges them in the
/// client's place, right after its first frame, and drops the acknowledgement that comes later.
final class EarlySettings: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let prefaceLength = 24
    private static let headerLength = 9
    private static let settings: UInt8 = 4
    private static let isAcknowledgement: UInt8 = 1
    private static let acknowledgement: [UInt8] = [0, 0, 0, settings, isAcknowledgement, 0, 0, 0, 0]

    private var header: [UInt8] = []
    /// Bytes that pass as they are before the next frame begins.
    private var rest = EarlySettings.prefaceLength
    private var frames = 0
    private var hasAcknowledged = false
    private var isDone = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else {
            context.fireChannelRead(data)
            return
        }
        var bytes = unwrapInboundIn(data)
        var passed = context.channel.allocator.buffer(capacity: bytes.readableBytes + Self.acknowledgement.count)
        while !isDone, bytes.readableBytes > 0 { follow(&bytes, into: &passed) }
        passed.writeBuffer(&bytes)
        if passed.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(passed)) }
    }

    /// Takes bytes up to the end of a frame's header, or of a frame.
    private func follow(_ bytes: inout ByteBuffer, into passed: inout ByteBuffer) {
        if rest > 0 {
            let count = min(rest, bytes.readableBytes)
            passed.writeImmutableBuffer(bytes.readSlice(length: count) ?? ByteBuffer())
            rest -= count
        } else {
            header += bytes.readBytes(length: min(Self.headerLength - header.count, bytes.readableBytes)) ?? []
            guard header.count == Self.headerLength else { return }
            defer { header = [] }
            if hasAcknowledged, header == Self.acknowledgement {
                isDone = true
                return
            }
            frames += 1
            rest = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
            passed.writeBytes(header)
        }
        if rest == 0, frames == 1, !hasAcknowledged {
            hasAcknowledged = true
            passed.writeBytes(Self.acknowledgement)
        }
    }
}
