import HTTPTypes
import Hummingbird
import MessengerAPI
import MessengerCore
import NIOCore

/// `GET /api/messages/` as a live stream without the router: decides which requests `DirectHandler` may answer, and how.
final class StreamRoute: Sendable {
    let authenticator: Authenticator
    let responder: StreamResponder
    let limits: RequestLimits
    let trustedProxies: [IPRange]
    let journal: RequestJournal
    private let date = DateHeader()

    init(
        authenticator: Authenticator, responder: StreamResponder, limits: RequestLimits, trustedProxies: [IPRange],
        journal: RequestJournal
    ) {
        self.authenticator = authenticator
        self.responder = responder
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.journal = journal
    }

    struct Pending {
        let head: HTTPRequest
        let origin: ClientOrigin
        let id = RequestID().description
        let start: Duration
    }

    /// A stream that may begin.
    struct Opened: Sendable {
        let head: HTTPResponse
        let session: Session
        let after: MessageNumber
    }

    /// Nil for what the router has to answer: another call, or one with a body or a header that asks for something unusual.
    func begin(_ head: HTTPRequest, peer: SocketAddress?) -> Pending? {
        guard head.method == .get, let path = head.path?.split(separator: "?", maxSplits: 1).first,
            path == "/api/messages/" || path == "/api/messages", Self.isUsual(head.headerFields),
            Preferences(accept: head.headerFields[.accept]).eventStream,
            let origin = ClientOrigin(peer: peer, headers: head.headerFields, trustedProxies: trustedProxies)
        else { return nil }
        return Pending(head: head, origin: origin, start: journal.time.uptime())
    }

    /// Nil, and nothing has begun, for what is to be refused: the router says why.
    func open(_ pending: Pending) async -> Opened? {
        let fields = pending.head.headerFields
        let query = pending.head.path?.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init)
        guard (try? limits.check(.request, from: pending.origin)) != nil else { return nil }
        do {
            let session = try await authenticator.session(of: fields)
            let after = try MessageRoutes.resumption(query, fields)
            try await responder.check(session, after: after)
            var head = HTTPResponse(status: .ok, headerFields: [.contentType: StreamResponder.contentType])
            head.headerFields.addCommon(requestID: pending.id)
            head.headerFields[.date] = date.text
            journal.answered(
                .get, "/api/messages", id: pending.id, status: .ok, since: pending.start, client: pending.origin.address)
            return Opened(head: head, session: session, after: after)
        } catch {
            limits.giveBack(.request, to: pending.origin)
            return nil
        }
    }

    func begin(
        _ opened: Opened, on channel: any Channel, ended: @escaping (Result<Void, any Error>) -> Void
    ) {
        responder.begin(opened.session, after: opened.after, on: channel, ended: ended)
    }

    private static func isUsual(_ fields: HTTPFields) -> Bool {
        !fields.contains { [.contentLength, .transferEncoding, .expect, .connection].contains($0.name) }
    }
}
