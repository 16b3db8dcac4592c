import Hummingbird
import MessengerAPI
import MessengerCore

/// `/api/log/`: the key log, for members.
struct LogRoutes: Sendable {
    static let folder = "/api/log/"

    let files: KeyLogFiles
    let authenticator: Authenticator

    var routes: [Route] {
        [
            Route(method: .get, path: Self.folder + "keys", handler: keys),
            Route(method: .get, path: Self.folder + "checkpoint", handler: checkpoint),
            Route(method: .get, path: Self.folder + "tile" + Route.anythingBelow, handler: file),
        ]
    }

    @Sendable private func keys(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await authenticator.session(of: request)
        let identity = try await files.identity()
        return .json(
            LogKeysResponse(
                origin: identity.key.name, first: identity.first.description, key: identity.key.description,
                cosigner: identity.cosigner.description, nameKey: Base64Bytes(identity.nameKey),
                introductions: identity.introductions.map { LogKeysResponse.Introduction($0) }))
    }

    @Sendable private func checkpoint(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await authenticator.session(of: request)
        return .bytes(try await files.checkpoint(), type: "text/plain; charset=utf-8")
    }

    @Sendable private func file(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await authenticator.session(of: request)
        var path = request.uri.path.dropFirst(Self.folder.count)
        while path.hasSuffix("/") { path.removeLast() }
        guard let bytes = try await files.file(at: String(path)) else { throw APIError.notFound }
        return .bytes(bytes, type: "application/octet-stream")
    }
}
