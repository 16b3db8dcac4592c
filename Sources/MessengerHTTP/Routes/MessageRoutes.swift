import HTTPTypes
import Hummingbird
import MessengerAPI
import MessengerCore

/// `/api/messages/` and `/api/messages/ack/`.
struct MessageRoutes: Sendable {
    /// A list of messages may be larger than any other body.
    static let maximumListBytes = 8 << 20

    let inbox: Inbox
    let authenticator: Authenticator
    let stream: StreamResponder
    let callbacks: CallbackMailbox

    var routes: [Route] {
        [
            Route(method: .post, path: "/api/messages", handler: send),
            Route(method: .get, path: "/api/messages", handler: fetch),
            Route(method: .post, path: "/api/messages/ack", handler: acknowledge),
        ]
    }

    @Sendable private func send(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let body = try await JSONBody.bytes(of: request, upTo: Self.maximumListBytes)
        let attempt = try SendAttempt(body: body, keyHeader: request.headers[.idempotencyKey])
        let receivers = try await inbox.accept(attempt, from: session)
        let answer = SendAnswer(receivers: receivers, key: attempt.key, preferences: context.preferences)
        return .bytes(answer.body, type: answer.contentType)
    }

    @Sendable private func fetch(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let query = request.uri.query
        let resumption = try Self.resumption(query, request.headers)
        if context.preferences.eventStream { return try await stream.respond(to: session, after: resumption, context) }
        let after = try Self.after(query)
        let limit = try Self.limit(QueryField.value(of: "limit", in: query))
        let page = try await inbox.pending(for: session.device, after: after, limit: limit)
        callbacks.sign(of: session.device, session.user)
        let response = MessagesResponse(messages: page.messages.map(\.delivered), next: page.messages.last?.number ?? page.start)
        return .bytes(response.json, type: "application/json")
    }

    @Sendable private func acknowledge(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let through = try await JSONBody.decode(Acknowledged.self, from: request).through
        guard through >= .zero else { throw APIError.validation(field: "through", "Not negative.") }
        let cursor = try await inbox.acknowledge(through: through, for: session.device, generation: session.generation)
        return .json(Acknowledged(through: cursor))
    }

    /// What a stream goes on after: `Last-Event-ID`, else `after`, else nothing. Throws 400.
    static func resumption(_ query: String?, _ headers: HTTPFields) throws(APIError) -> MessageNumber {
        let after = try after(query)
        return try number("Last-Event-ID", headers[.lastEventID]) ?? after
    }

    private static func after(_ query: String?) throws(APIError) -> MessageNumber {
        try number("after", QueryField.value(of: "after", in: query)) ?? .zero
    }

    /// Digits alone; nil when nothing was given. Throws 400.
    static func number(_ name: String, _ text: String?) throws(APIError) -> MessageNumber? {
        guard let text else { return nil }
        guard let value = whole(text) else { throw APIError.validation(field: name, "A whole number from 0.") }
        return MessageNumber(value)
    }

    /// As many as were asked for, or the usual. Throws 400.
    static func limit(_ text: String?) throws(APIError) -> Int {
        guard let text else { return Inbox.defaultPage }
        guard let limit = whole(text).map({ Int($0) }), (1...Inbox.maximumPage).contains(limit) else {
            throw APIError.validation(field: "limit", "From 1 to \(Inbox.maximumPage).")
        }
        return limit
    }

    static func whole(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }
}
