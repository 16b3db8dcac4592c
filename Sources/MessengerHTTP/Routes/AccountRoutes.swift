import Hummingbird
import MessengerAPI
import MessengerCore

/// `/api/users/`, `/api/login/`, `/api/logout/`, `/api/password/`.
struct AccountRoutes: Sendable {
    let accounts: Accounts
    let authenticator: Authenticator
    let limits: RequestLimits
    let openDelete: Bool

    var routes: [Route] {
        [
            Route(method: .post, path: "/api/users", handler: register),
            Route(method: .get, path: "/api/users", handler: find),
            Route(method: .delete, path: "/api/users", handler: delete),
            Route(method: .post, path: "/api/login", handler: logIn),
            Route(method: .post, path: "/api/logout", handler: logOut),
            Route(method: .post, path: "/api/password", handler: changePassword),
        ]
    }

    @Sendable private func register(_ request: Request, _ context: APIContext) async throws -> Response {
        try limits.check(.registration, from: context.origin)
        let body = try await JSONBody.decode(RegisterRequest.self, from: request)
        return .json(RegisterResponse(userID: try await accounts.register(body)), status: .created)
    }

    @Sendable private func find(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await authenticator.session(of: request)
        let name: String
        if let given = try QueryField.value(of: "username", in: request.uri.query) {
            name = given
        } else {
            name = try await JSONBody.decode(UsernameRequest.self, from: request).username
        }
        let account = try await accounts.find(name)
        return .json(UserResponse(userID: account.id, username: account.username.text, publicKey: account.publicKey))
    }

    @Sendable private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.optionalSession(of: request.headers)
        guard session != nil || openDelete else { throw APIError.notAuthorized }
        let user = try await JSONBody.decode(DeleteUserRequest.self, from: request).userID
        try await accounts.delete(user, by: openDelete ? nil : session)
        return .plain("User deleted.", context.preferences)
    }

    @Sendable private func logIn(_ request: Request, _ context: APIContext) async throws -> Response {
        try limits.check(.login, from: context.origin)
        let body = try await JSONBody.decode(LoginRequest.self, from: request)
        return .json(try await accounts.logIn(body, from: context.origin))
    }

    @Sendable private func logOut(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let body = try await JSONBody.decode(UsernameRequest.self, from: request)
        try await accounts.logOut(session, name: body.username)
        return .json(LogoutResponse(username: session.username.text))
    }

    @Sendable private func changePassword(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        try limits.check(.login, from: context.origin)
        let body = try await JSONBody.decode(PasswordRequest.self, from: request)
        try await accounts.changePassword(session, body, from: context.origin)
        return .plain("Password changed.", context.preferences)
    }
}
