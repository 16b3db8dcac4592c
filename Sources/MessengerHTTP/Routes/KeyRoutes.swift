import Hummingbird
import MessengerAPI
import MessengerCore

/// `/api/keys/` and what is below it.
struct KeyRoutes: Sendable {
    /// A hundred one-time keys are 180 KB, a link note 88.
    static let maximumBytes = 256 << 10

    let keys: KeyDirectory
    let authenticator: Authenticator

    var routes: [Route] {
        [
            Route(method: .get, path: "/api/keys", handler: find),
            Route(method: .post, path: "/api/keys", handler: publish),
            Route(method: .post, path: "/api/keys/state", handler: publishState),
            Route(method: .get, path: "/api/keys/count", handler: count),
            Route(method: .post, path: "/api/keys/claim", handler: claim),
            Route(method: .post, path: "/api/keys/links", handler: keepNote),
            Route(method: .get, path: "/api/keys/links", handler: note),
        ]
    }

    @Sendable private func find(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await authenticator.session(of: request)
        return .json(try await keys.keys(of: try Self.account(in: request.uri.query)))
    }

    @Sendable private func publish(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let body = try await JSONBody.decode(PublishKeysRequest.self, from: request, upTo: Self.maximumBytes)
        return .json(try await keys.publish(body, by: session))
    }

    @Sendable private func publishState(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let body = try await JSONBody.decode(PublishStateRequest.self, from: request, upTo: Self.maximumBytes)
        return .json(try await keys.publish(body, by: session))
    }

    @Sendable private func count(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        return .json(try await keys.count(of: try Self.bytes("device", in: request.uri.query), for: session))
    }

    @Sendable private func claim(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let body = try await JSONBody.decode(ClaimKeysRequest.self, from: request, upTo: Self.maximumBytes)
        return .json(try await keys.claim(body, by: session))
    }

    @Sendable private func keepNote(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let body = try await JSONBody.decode(LinkNoteRequest.self, from: request, upTo: Self.maximumBytes)
        try await keys.keep(body, by: session)
        return .plain("Note kept.", context.preferences)
    }

    @Sendable private func note(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        return .json(try await keys.linkNote(try Self.bytes("id", in: request.uri.query), for: session))
    }

    /// Throws 400 unless the query names one account.
    private static func account(in query: String?) throws(APIError) -> AccountReference {
        let id = try QueryField.value(of: "user_id", in: query)
        let name = try QueryField.value(of: "username", in: query)
        switch (id, name) {
        case (let id?, nil):
            guard let number = MessageRoutes.whole(id) else { throw .validation(field: "user_id", "A whole number from 0.") }
            return .user(UserID(number))
        case (nil, let name?):
            guard let name = Username(name) else { throw .validation(field: "username", "No username.") }
            return .name(name)
        default: throw .validation("Either user_id or username.")
        }
    }

    private static func bytes(_ name: String, in query: String?) throws(APIError) -> Base64Bytes {
        guard let text = try QueryField.value(of: name, in: query) else {
            throw .validation(field: name, "The field is missing.")
        }
        guard let bytes = Base64URL.bytes(text) else { throw .validation(field: name, "Not base64url without padding.") }
        return Base64Bytes(bytes)
    }
}
