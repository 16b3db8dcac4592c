import HTTPTypes
import Hummingbird
import MessengerCore

/// The first and the last to see a request: who asks and what for, the general rate limit, errors as answers, headers
/// that every answer has, and one line in the log.
struct EntryMiddleware: RouterMiddleware {
    let trustedProxies: [IPRange]
    let limits: RequestLimits
    let routes: RouteTable
    let journal: RequestJournal

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = journal.time.uptime()
        var context = context
        context.preferences = Preferences(accept: request.headers[.accept])
        var response: Response
        do {
            context.origin = try origin(of: request, context)
            if !routes.isExempt(request.uri.path) { try limits.check(.request, from: context.origin) }
            response = try await next(request, context)
        } catch {
            response = Response.error(apiError(error, request, context), context.preferences)
        }
        // Errors have a body, which an answer to HEAD must not have (RFC 9110, 9.3.2).
        if request.method == .head { response = response.createHeadResponse() }
        response.headers.addCommon(requestID: context.requestID)
        journal.answered(
            request.method, context.endpointPath ?? "-", id: context.requestID, status: response.status, since: start,
            client: context.origin.address)
        return response
    }

    private func origin(of request: Request, _ context: APIContext) throws -> ClientOrigin {
        guard
            let origin = ClientOrigin(
                peer: context.channel.remoteAddress, headers: request.headers, trustedProxies: trustedProxies)
        else { throw APIError.internal }
        return origin
    }

    private func apiError(_ error: any Error, _ request: Request, _ context: APIContext) -> APIError {
        if let error = error as? HTTPError {
            switch error.status {
            case .notFound:
                return routes.allowedMethods(request.uri.path).map { .methodNotAllowed($0) } ?? .notFound
            case .contentTooLarge: return .bodyTooLarge
            default: return APIError(error.status, "bad-request", "Bad request.")
            }
        }
        return journal.answer(to: error, id: context.requestID)
    }
}
