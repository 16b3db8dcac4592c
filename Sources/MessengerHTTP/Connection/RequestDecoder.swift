import NIOCore
import NIOHTTP1

/// NIO's decoder, and what it does not tell: whether bytes of a next request have come, and what it was that it refused.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    /// Well beyond the limits, so that `RequestGuard` sees what is too large and can say what it is.
    private static let maximumFieldBytes = 64 << 10
    private static let maximumHeaderBytes = 80 << 10
    private static let maximumFields = 1_000

    private let base: HTTPRequestDecoder
    /// Bytes that the parser has seen but not let go.
    private var retained = 0
    /// Bytes of a request line whose end has not come.
    private var lineBytes: Int? = 0
    private var hasEnded = false
    /// Whether no byte has come of a request after the last whole one.
    private(set) var isBetweenRequests = true

    init() {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = Self.maximumFieldBytes
        limits.maxHeaderListSize = Self.maximumHeaderBytes
        limits.maxHeaderFieldCount = Self.maximumFields
        base = HTTPRequestDecoder(limitConfiguration: limits)
    }

    func decoderAdded(context: ChannelHandlerContext) { base.decoderAdded(context: context) }
    func decoderRemoved(context: ChannelHandlerContext) { base.decoderRemoved(context: context) }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        let new = buffer.readableBytes - retained
        guard new > 0 else { return .needMoreData }
        let startsRequest = isBetweenRequests
        // Not known before all is decoded.
        isBetweenRequests = true
        try measureLine(buffer.readableBytesView.suffix(new), startsRequest: startsRequest)
        do {
            // The last byte goes by itself: if a request ends with it, nothing of a next one has come.
            var most = buffer
            most.moveWriterIndex(to: buffer.writerIndex - 1)
            _ = try base.decode(context: context, buffer: &most)
            buffer.moveReaderIndex(to: most.readerIndex)
            hasEnded = false
            _ = try base.decode(context: context, buffer: &buffer)
        } catch HTTPParserError.invalidMethod {
            throw Self.unknownMethod(startsRequest ? String(buffer: buffer) : "")
        }
        retained = buffer.readableBytes
        isBetweenRequests = hasEnded
        return .needMoreData
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try base.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }

    /// To be called as soon as the end of a request comes out.
    func requestEnded() { hasEnded = true }

    /// The parser calls a URL and a field that are too large the same.
    private func measureLine(_ bytes: ByteBufferView, startsRequest: Bool) throws {
        if startsRequest { lineBytes = 0 }
        guard let before = lineBytes else { return }
        let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        guard before + (end ?? bytes.endIndex) - bytes.startIndex <= Self.maximumFieldBytes else {
            throw RequestError.lineTooLong
        }
        lineBytes = end == nil ? before + bytes.count : nil
    }

    private static func unknownMethod(_ request: String) -> RequestError {
        let lines = request.split(separator: "\r\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
        let words = lines.first?.split(separator: " ") ?? []
        let accept = lines.dropFirst().first { $0.lowercased().hasPrefix("accept:") }
        return .unknownMethod(
            path: words.count == 3 ? String(words[1].prefix { $0 != "?" }) : nil,
            accept: accept.map { String($0.dropFirst("accept:".count)) })
    }
}
