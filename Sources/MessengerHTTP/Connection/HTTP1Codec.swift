import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Translates between HTTP/1.1 and the types that all versions share, and refuses what RFC 9112 forbids and NIO's decoder
/// lets pass. A request after which the connection ends comes out with `Connection: close`.
final class HTTP1Codec: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var version = HTTPVersion.http1_1

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            version = head.version
            guard Self.isValid(head), let method = try? HTTPRequest.Method(head.method) else {
                context.fireErrorCaught(RequestError.invalidHead(accept: head.headers.first(name: "accept")))
                return
            }
            var request = HTTPRequest(
                method: method, scheme: nil, authority: head.headers.first(name: "host"), path: Self.path(of: head.uri),
                headerFields: HTTPFields(head.headers, splitCookie: false))
            if Self.isLast(head) { request.headerFields[.connection] = "close" }
            context.fireChannelRead(wrapInboundOut(.head(request)))
        case .body(let body): context.fireChannelRead(wrapInboundOut(.body(body)))
        case .end(let trailers):
            context.fireChannelRead(wrapInboundOut(.end(trailers.map { HTTPFields($0, splitCookie: false) })))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPServerResponsePart
        switch unwrapOutboundIn(data) {
        case .head(let response):
            var head = HTTPResponseHead(response)
            // So that an older client gets no chunks.
            head.version = version
            part = .head(head)
        case .body(let body): part = .body(.byteBuffer(body))
        case .end(let trailers): part = .end(trailers.map(HTTPHeaders.init))
        }
        context.write(wrapOutboundOut(part), promise: promise)
    }

    /// RFC 9112, 3.2 and 6.1.
    private static func isValid(_ head: HTTPRequestHead) -> Bool {
        let hosts = head.headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0, hosts.allSatisfy(isHost) else { return false }
        let codings = head.headers["transfer-encoding"]
        guard let coding = codings.first else { return true }
        return codings.count == 1 && coding.lowercased() == "chunked" && head.version != .http1_0
            && !head.headers.contains(name: "content-length")
    }

    /// Empty is allowed.
    private static func isHost(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#"/\?#@,<>"{}|^`"#.utf8.contains($0) }
    }

    /// After a request to change the protocol, the decoder takes what follows for another one.
    private static func isLast(_ head: HTTPRequestHead) -> Bool {
        head.version == .http1_0 || !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "upgrade")
    }

    /// Of the absolute form, `http://host/path`, what follows the host.
    private static func path(of target: String) -> String {
        guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else { return target }
        let path = target[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
        return path.hasPrefix("/") ? String(path) : "/" + path
    }
}
