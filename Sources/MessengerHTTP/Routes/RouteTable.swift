import HTTPTypes
import Hummingbird

/// One call of the API.
struct Route: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let handler: @Sendable (Request, APIContext) async throws -> Response
}

/// All calls of the API: what the router is made from, and what answers 405.
struct RouteTable: Sendable {
    let routes: [Route]
    private let methods: [String: String]
    /// Paths outside the rate limit.
    private let exempt: Set<String>

    init(_ routes: [Route], exempt: Set<String>) {
        self.routes = routes
        self.exempt = exempt
        methods = Dictionary(grouping: routes, by: \.path).mapValues {
            $0.map(\.method.rawValue).sorted().joined(separator: ", ")
        }
    }

    /// The methods of a path that there is; trailing slashes do not matter.
    func allowedMethods(_ path: String) -> String? { methods[Self.canonical(path)] }
    func isExempt(_ path: String) -> Bool { exempt.contains(Self.canonical(path)) }

    func router(middleware: some MiddlewareProtocol<Request, Response, APIContext>) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: middleware)
        for route in routes { router.on(RouterPath(route.path), method: route.method, use: route.handler) }
        return router
    }

    private static func canonical(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }
}
