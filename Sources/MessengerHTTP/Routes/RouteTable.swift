import HTTPTypes
import Hummingbird

/// One call of the API.
struct Route: Sendable {
    /// Ends the path of a call that answers for every path that begins so.
    static let anythingBelow = "/**"

    let method: HTTPRequest.Method
    let path: String
    let handler: @Sendable (Request, APIContext) async throws -> Response

    /// Whether a route's path stands for this one, because it ends with a name in braces, or with `anythingBelow`.
    fileprivate static func stands(_ path: String, for other: String) -> Bool {
        guard let slash = path.lastIndex(of: "/"), other.hasPrefix(path[...slash]) else { return false }
        if path.hasSuffix(anythingBelow) { return true }
        return path.hasSuffix("}") && !other.dropFirst(path[...slash].count).contains("/")
    }
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
    func allowedMethods(_ path: String) -> String? {
        let path = Self.canonical(path)
        return methods[path] ?? methods.first { Route.stands($0.key, for: path) }?.value
    }

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
