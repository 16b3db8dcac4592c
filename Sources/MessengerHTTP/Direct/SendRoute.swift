import HTTPTypes
import Hummingbird
import MessengerAPI
import MessengerCore
import NIOCore

/// `POST /api/messages/` without the router: decides which requests `DirectHandler` may answer, and how.
final class SendRoute: Sendable {
    /// Longer bodies are rare, and the router reads them with back-pressure.
    static let maximumBodyBytes = 64 << 10

    let accounts: Accounts
    let inbox: Inbox
    let limits: RequestLimits
    let trustedProxies: [IPRange]
    let journal: RequestJournal
    private let date = DateHeader()

    init(accounts: Accounts, inbox: Inbox, limits: RequestLimits, trustedProxies: [IPRange], journal: RequestJournal) {
        self.accounts = accounts
        self.inbox = inbox
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.journal = journal
    }

    /// A request whose body is being read.
    struct Pending {
        let head: HTTPRequest
        let session: Session
        let origin: ClientOrigin
        let preferences: Preferences
        let idempotencyKey: String?
        let id = RequestID().description
        let start: Duration
        var body = ByteBuffer()
    }

    /// Nil for what the router has to answer: another call, a body without length or too long, a header that asks for
    /// something unusual, a token that has to be looked up.
    func begin(_ head: HTTPRequest, peer: SocketAddress?) -> Pending? {
        guard head.method == .post, head.path == "/api/messages/" || head.path == "/api/messages",
            let headers = Headers(head.headerFields), let session = accounts.cachedSession(token: headers.token),
            let origin = ClientOrigin(peer: peer, headers: head.headerFields, trustedProxies: trustedProxies)
        else { return nil }
        return Pending(
            head: head, session: session, origin: origin, preferences: Preferences(accept: headers.accept),
            idempotencyKey: headers.idempotencyKey, start: journal.time.uptime())
    }

    /// Sends what the body asks for; the answer comes later, on any thread. False, and nothing is done, for what is to be
    /// refused: the router says why.
    func send(_ pending: Pending, answer: @escaping @Sendable (HTTPResponse, ByteBuffer) -> Void) -> Bool {
        guard let attempt = try? SendAttempt(body: pending.body, keyHeader: pending.idempotencyKey),
            (try? limits.check(.request, from: pending.origin)) != nil
        else { return false }
        let (preferences, id, method, start, client) = (
            pending.preferences, pending.id, pending.head.method, pending.start, pending.origin.address
        )
        let isTaken = inbox.accept(attempt, from: pending.session) { [journal, date] result in
            var response: HTTPResponse
            let body: ByteBuffer
            switch result {
            case .success(let receivers):
                let answer = SendAnswer(receivers: receivers, key: attempt.key, preferences: preferences)
                body = ByteBuffer(bytes: answer.body)
                response = HTTPResponse(
                    status: .ok, headerFields: [.contentType: answer.contentType, .contentLength: "\(body.readableBytes)"])
            case .failure(let error): (response, body) = journal.answer(to: error, id: id).answer(preferences)
            }
            response.headerFields.addCommon(requestID: id)
            response.headerFields[.date] = date.text
            journal.answered(method, "/api/messages", id: id, status: response.status, since: start, client: client)
            answer(response, body)
        }
        if !isTaken { limits.giveBack(.request, to: pending.origin) }
        return isTaken
    }

    /// The headers that matter, when nothing about them is unusual.
    private struct Headers {
        var token: Substring = ""
        var accept: String?
        var idempotencyKey: String?

        init?(_ fields: HTTPFields) {
            var length: Int?
            for field in fields {
                switch field.name {
                case .authorization:
                    guard token.isEmpty, let text = Authenticator.token(in: field.value) else { return nil }
                    token = text
                case .contentLength:
                    guard length == nil else { return nil }
                    length = Int(field.value)
                case .contentType: guard JSONBody.isJSON(field.value) else { return nil }
                case .accept:
                    guard accept == nil else { return nil }
                    accept = field.value
                case .idempotencyKey:
                    guard idempotencyKey == nil else { return nil }
                    idempotencyKey = field.value
                case .expect, .transferEncoding, .connection: return nil
                default: break
                }
            }
            guard let length, length <= SendRoute.maximumBodyBytes, !token.isEmpty else { return nil }
        }
    }
}
