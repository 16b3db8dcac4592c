import HTTPTypes
import Hummingbird
import NIOCore

/// Health, and the description of the API.
struct ServiceRoutes: Sendable {
    static let healthPaths = ["/health", "/api/health"]

    var routes: [Route] {
        Self.healthPaths.flatMap { path in
            [
                Route(method: .get, path: path) { _, context in .plain("OK", context.preferences) },
                Route(method: .head, path: path) { _, context in
                    let response = Response.plain("OK", context.preferences)
                    return Response(status: response.status, headers: response.headers)
                },
            ]
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
