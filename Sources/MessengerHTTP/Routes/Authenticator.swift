import HTTPTypes
import Hummingbird
import MessengerCore

/// Finds the session of a request's bearer token (RFC 6750; in the header only).
struct Authenticator: Sendable {
    let accounts: Accounts

    /// Throws `APIError.notAuthorized` without a token and `.invalidToken` for one that stands for nothing.
    func session(of request: Request) async throws -> Session { try await session(of: request.headers) }

    func session(of headers: HTTPFields) async throws -> Session {
        guard let session = try await optionalSession(of: headers) else { throw APIError.notAuthorized }
        return session
    }

    /// Nil without a token; a bad one is still an error.
    func optionalSession(of headers: HTTPFields) async throws -> Session? {
        guard let header = headers[.authorization] else { return nil }
        guard let token = Self.token(in: header), let session = try await accounts.session(token: token) else {
            throw APIError.invalidToken
        }
        return session
    }

    /// Nil when the header's value is no bearer token.
    static func token(in header: String) -> Substring? {
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        return parts.count == 2 && parts[0].lowercased() == "bearer" ? parts[1] : nil
    }
}
