import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Sits between the HTTP codec and the router, once per HTTP/1.1 connection and once per HTTP/2 stream. Refuses heads
/// that are too large, answers what could not be parsed, and closes on bodies and readers that are too slow.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    static let maximumURLBytes = 8 << 10
    static let maximumHeaderBytes = 16 << 10
    /// A colon, a space and a line's end.
    private static let separatorBytes = 4
    static let bodyTimeout = TimeAmount.seconds(10)
    static let stallTimeout = TimeAmount.seconds(60)

    private var bodyDeadline: Scheduled<Void>?
    private var stallDeadline: Scheduled<Void>?
    private var requestsUnderWay = 0
    /// Whether the answer to the oldest request under way has begun.
    private var isAnswering = false
    /// What the connection ends with, once the requests before it are answered.
    private var refusal: Refusal?

    private struct Refusal {
        let error: APIError
        let preferences: Preferences
        let isHead: Bool
        /// The requests under way that will not be answered: the one whose body was cut.
        let unanswered: Int
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelDeadlines() }

    func channelInactive(context: ChannelHandlerContext) {
        cancelDeadlines()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard refusal == nil else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            report(.headRead(isHTTP2: context.channel.isHTTP2Stream), context)
            if let error = Self.refusal(of: head) {
                refuse(
                    Refusal(
                        error: error, preferences: Preferences(accept: head.headerFields[.accept]),
                        isHead: head.method == .head, unanswered: 0), context)
                return
            }
            requestsUnderWay += 1
            // RFC 9110, 10.1.1: such a client waits for a word before it sends its body.
            if head.headerFields[.expect]?.lowercased() == "100-continue", requestsUnderWay == 1 {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
            bodyDeadline = closing(after: Self.bodyTimeout, context)
        case .body: break
        case .end:
            bodyDeadline?.cancel()
            bodyDeadline = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        switch unwrapOutboundIn(data) {
        case .head: isAnswering = true
        case .body: break
        case .end:
            isAnswering = false
            requestsUnderWay -= 1
            report(.answered, context)
            if let refusal, requestsUnderWay == refusal.unanswered { answer(refusal, context) }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallDeadline?.cancel()
        stallDeadline = context.channel.isWritable ? nil : closing(after: Self.stallTimeout, context)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        guard refusal == nil else { return }
        let answer: APIError =
            switch error {
            case .headerOverflow: .headersTooLarge
            case .invalidMethod: .methodNotAllowed("DELETE, GET, HEAD, POST")
            default: APIError(.badRequest, "bad-request", "Bad request.")
            }
        refuse(
            Refusal(
                error: answer, preferences: Preferences(accept: nil), isHead: false, unanswered: bodyDeadline == nil ? 0 : 1),
            context)
    }

    private static func refusal(of head: HTTPRequest) -> APIError? {
        if (head.path ?? "").utf8.count > maximumURLBytes { return .urlTooLong }
        let size = head.headerFields.reduce(0) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + Self.separatorBytes }
        return size > maximumHeaderBytes ? .headersTooLarge : nil
    }

    /// Takes nothing more in; answers and closes after the requests that came before.
    private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        self.refusal = refusal
        bodyDeadline?.cancel()
        guard requestsUnderWay == refusal.unanswered else { return }
        if isAnswering { context.close(promise: nil) } else { answer(refusal, context) }
    }

    private func answer(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        var (head, body) = refusal.error.answer(refusal.preferences)
        head.headerFields[.cacheControl] = "no-store"
        head.headerFields[.vary] = "Accept"
        if context.channel.isHTTP2Stream {
            report(.answered, context)
        } else {
            head.headerFields[.connection] = "close"
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !refusal.isHead { context.write(wrapOutboundOut(.body(body)), promise: nil) }
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.value.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in context.value.close(promise: nil) }
    }

    private func report(_ progress: RequestProgress, _ context: ChannelHandlerContext) {
        if context.channel.isHTTP2Stream {
            context.channel.parent?.triggerUserOutboundEvent(progress, promise: nil)
        } else {
            context.triggerUserOutboundEvent(progress, promise: nil)
        }
    }

    private func closing(after time: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }

    private func cancelDeadlines() {
        bodyDeadline?.cancel()
        stallDeadline?.cancel()
    }
}

extension Channel {
    /// An HTTP/2 stream's parent is the connection, whose parent is the listening socket.
    var isHTTP2Stream: Bool { parent?.parent != nil }
}
