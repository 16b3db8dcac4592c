import HTTPTypes
import Hummingbird
import NIOCore

/// Health, and the description of the API.
struct ServiceRoutes: Sendable {
    static let healthPaths = ["/health", "/api/health"]

    var routes: [Route] {
        Self.healthPaths.flatMap { path in
            [HTTPRequest.Method.get, .head].map { method in
                Route(method: method, path: path) { _, context in .plain("OK", context.preferences) }
            }
        } + [
            Route(method: .get, path: "/api/openapi.yaml") { _, _ in
                let file = ByteBuffer(bytes: PackageResources.openapi_yaml)
                return Response(
                    status: .ok, headers: [.contentType: "application/yaml", .contentLength: "\(file.readableBytes)"],
                    body: ResponseBody(byteBuffer: file))
            }
        ]
    }
}
