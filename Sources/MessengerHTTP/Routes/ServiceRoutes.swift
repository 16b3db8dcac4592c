import HTTPTypes
import Hummingbird
import NIOCore

/// Health, readiness, and the description of the API.
struct ServiceRoutes: Sendable {
    static let healthPaths = ["/health", "/api/health"]
    static let readinessPaths = ["/readyz", "/api/readyz"]

    let readiness: @Sendable () -> Readiness

    var routes: [Route] {
        Self.healthPaths.flatMap { path in
            [HTTPRequest.Method.get, .head].map { method in
                Route(method: method, path: path) { _, context in .plain("OK", context.preferences) }
            }
        }
            + Self.readinessPaths.map { path in Route(method: .get, path: path) { _, context in ready(context) } } + [
                Route(method: .get, path: "/api/openapi.yaml") { _, _ in
                    let file = ByteBuffer(bytes: PackageResources.openapi_yaml)
                    return Response(
                        status: .ok, headers: [.contentType: "application/yaml", .contentLength: "\(file.readableBytes)"],
                        body: ResponseBody(byteBuffer: file))
                }
            ]
    }

    /// 503 without the database. Without the broker messages still arrive, later: that is said, and no reason to send
    /// clients elsewhere.
    private func ready(_ context: APIContext) -> Response {
        let readiness = readiness()
        let text = "database: \(readiness.database ? "ok" : "unreachable"), broker: \(readiness.broker ? "ok" : "unreachable")"
        guard readiness.database else { return .error(.unavailable(text), context.preferences) }
        return .plain(text, context.preferences)
    }
}
