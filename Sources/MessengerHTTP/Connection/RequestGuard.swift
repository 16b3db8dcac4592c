import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Sits between the HTTP codec and the router, once per HTTP/1.1 connection and once per HTTP/2 stream. Refuses what is too
/// large, answers what could not be parsed, closes on bodies and readers that are too slow and after the last request.
final class RequestGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    static let maximumURLBytes = 8 << 10
    static let maximumHeaderBytes = 16 << 10
    /// A colon, a space and a line's end.
    private static let separatorBytes = 4

    /// What is still taken in.
    private enum Intake { case open, beforeLastRequest, lastRequest, none }

    private struct Refusal {
        let error: APIError
        var preferences = Preferences(accept: nil)
        var isHead = false
        /// The requests under way that will not be answered: the one whose body was cut.
        var unanswered = 0
    }

    private let times: ConnectionTimes
    /// The methods of a path, nil when there is no such path.
    private let allowedMethods: @Sendable (String) -> String?
    /// Nil for HTTP/2.
    private let decoder: RequestDecoder?
    private let bodyDeadline = MovingDeadline()
    private let stallDeadline = MovingDeadline()
    /// Whether the body of the newest request has not ended.
    private var isBodyOpen = false
    private var requestsUnderWay = 0
    /// Whether the answer to the oldest request under way has begun.
    private var isAnswering = false
    private var intake = Intake.open
    /// What the connection ends with, once the requests before it are answered.
    private var refusal: Refusal?
    /// Whether the last answer is written.
    private var isFinished = false

    init(
        times: ConnectionTimes, allowedMethods: @escaping @Sendable (String) -> String?, decoder: RequestDecoder? = nil
    ) {
        self.times = times
        self.allowedMethods = allowedMethods
        self.decoder = decoder
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelDeadlines() }

    func channelInactive(context: ChannelHandlerContext) {
        cancelDeadlines()
        reportCutBody(context)
        // A stream that was reset; its connection lives on.
        if context.channel.isHTTP2Stream { for _ in 0..<requestsUnderWay { report(.answered, context) } }
        requestsUnderWay = 0
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .end = part { decoder?.requestEnded() }
        if case .head = part, intake == .lastRequest { intake = .none }
        guard intake != .none else { return }
        switch part {
        case .head(let head):
            guard begin(head, context) else { return }
        case .body: break
        case .end:
            isBodyOpen = false
            bodyDeadline.clear()
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Farewell {
            if intake == .open { intake = requestsUnderWay == 0 ? .beforeLastRequest : .lastRequest }
            return
        }
        if event as? ChannelEvent == .inputClosed { reportCutBody(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        watchNext(context)
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isFinished else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        let isLast = (intake == .lastRequest || intake == .none) && refusal == nil && requestsUnderWay == 1
        switch unwrapOutboundIn(data) {
        case .head(var head) where isLast:
            isAnswering = true
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head:
            isAnswering = true
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end where isLast:
            finish(with: data, context, promise)
            requestAnswered(context)
        case .end:
            context.write(data, promise: promise)
            requestAnswered(context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { stallDeadline.clear() } else { stallDeadline.set(after: times.stall, context) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard intake == .open || intake == .beforeLastRequest || intake == .lastRequest && bodyDeadline.isSet else { return }
        if let refusal = refusal(of: error) { refuse(refusal, context) } else { context.fireErrorCaught(error) }
    }
}

// MARK: - Requests

extension RequestGuard {
    /// False when the request is refused.
    private func begin(_ head: HTTPRequest, _ context: ChannelHandlerContext) -> Bool {
        report(.headRead(isHTTP2: context.channel.isHTTP2Stream), context)
        requestsUnderWay += 1
        if let error = Self.refusal(of: head) {
            refuse(
                Refusal(
                    error: error, preferences: Preferences(accept: head.headerFields[.accept]), isHead: head.method == .head,
                    unanswered: 1), context)
            return false
        }
        if intake == .beforeLastRequest || head.headerFields[.connection] == "close" { intake = .lastRequest }
        // RFC 9110, 10.1.1: such a client waits for a word before it sends its body.
        if head.headerFields[.expect]?.lowercased() == "100-continue", requestsUnderWay == 1 {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        isBodyOpen = true
        bodyDeadline.set(after: times.body, context)
        return true
    }

    /// To whoever reads the body, its end without an error would be the end of the whole body.
    private func reportCutBody(_ context: ChannelHandlerContext) {
        guard isBodyOpen else { return }
        isBodyOpen = false
        context.fireErrorCaught(RequestError.bodyCut)
    }

    private func requestAnswered(_ context: ChannelHandlerContext) {
        isAnswering = false
        requestsUnderWay -= 1
        report(.answered, context)
        if let refusal {
            if requestsUnderWay == refusal.unanswered { answer(refusal, context) }
        } else if isBodyOpen, requestsUnderWay == 0 {
            // Nobody reads the rest: it has to end soon.
            bodyDeadline.set(after: times.linger, context)
        } else {
            watchNext(context)
        }
    }

    private func watchNext(_ context: ChannelHandlerContext) {
        guard let decoder, !decoder.isBetweenRequests, requestsUnderWay == 0, !bodyDeadline.isSet else { return }
        report(.nextBegun, context)
    }

    private func report(_ progress: RequestProgress, _ context: ChannelHandlerContext) {
        if context.channel.isHTTP2Stream {
            context.channel.parent?.triggerUserOutboundEvent(progress, promise: nil)
        } else {
            context.triggerUserOutboundEvent(progress, promise: nil)
        }
    }
}

// MARK: - Refusals

extension RequestGuard {
    private static func refusal(of head: HTTPRequest) -> APIError? {
        if (head.path ?? "").utf8.count > maximumURLBytes { return .urlTooLong }
        let host = (head.authority?.utf8.count ?? 0) + "host".utf8.count + Self.separatorBytes
        let size = head.headerFields.reduce(host) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + Self.separatorBytes }
        return size > maximumHeaderBytes ? .headersTooLarge : nil
    }

    /// Nil for an error that says nothing about a request.
    private func refusal(of error: any Error) -> Refusal? {
        let badRequest = APIError(.badRequest, "bad-request", "Bad request.")
        switch error {
        case RequestError.lineTooLong: return Refusal(error: .urlTooLong)
        case RequestError.unknownMethod(let path, let accept):
            let error = path.map { path in allowedMethods(path).map { APIError.methodNotAllowed($0) } ?? .notFound }
            return Refusal(
                error: error ?? .methodNotAllowed("DELETE, GET, HEAD, PATCH, POST"), preferences: Preferences(accept: accept))
        case RequestError.invalidHead(let accept): return Refusal(error: badRequest, preferences: Preferences(accept: accept))
        case HTTPParserError.headerOverflow: return Refusal(error: .headersTooLarge)
        case is HTTPParserError: return Refusal(error: badRequest)
        default: return nil
        }
    }

    /// Takes nothing more in; answers and closes after the requests that came before.
    private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        var refusal = refusal
        let isBodyCut = bodyDeadline.isSet
        if isBodyCut { refusal.unanswered = min(1, requestsUnderWay) }
        self.refusal = refusal
        intake = .none
        bodyDeadline.clear()
        guard requestsUnderWay == refusal.unanswered else { return }
        // An answer that has begun, or been given, cannot be followed by another.
        if isAnswering || isBodyCut && requestsUnderWay == 0 {
            context.close(promise: nil)
        } else {
            answer(refusal, context)
        }
    }

    private func answer(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        var (head, body) = refusal.error.answer(refusal.preferences)
        head.headerFields[.cacheControl] = "no-store"
        head.headerFields[.vary] = "Accept"
        if !context.channel.isHTTP2Stream { head.headerFields[.connection] = "close" }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !refusal.isHead { context.write(wrapOutboundOut(.body(body)), promise: nil) }
        finish(with: wrapOutboundOut(.end(nil)), context, nil)
        if requestsUnderWay > 0 { report(.answered, context) }
        requestsUnderWay = 0
    }

    /// Writes the end of the last answer, and closes. What the client still sends is read for a moment: a socket closed on
    /// unread bytes takes the answer away from its client.
    private func finish(with end: NIOAny, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        isFinished = true
        intake = .none
        bodyDeadline.clear()
        let written = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            let (guardian, context) = bound.value
            if context.channel.isHTTP2Stream {
                context.close(promise: nil)
            } else {
                context.close(mode: .output, promise: nil)
                guardian.bodyDeadline.set(after: guardian.times.linger, context)
            }
        }
        context.writeAndFlush(end, promise: written)
    }

    private func cancelDeadlines() {
        bodyDeadline.cancel()
        stallDeadline.cancel()
    }
}

extension Channel {
    /// An HTTP/2 stream's parent is the connection, whose parent is the listening socket.
    var isHTTP2Stream: Bool { parent?.parent != nil }
}
