import HTTPTypes
import Hummingbird

/// One call of the API.
struct Route: Sendable {
    /// Ends the path of a call that answers for every path that begins so.
    static let anythingBelow = "/**"

    let method: HTTPRequest.Method
    let path: String
    let handler: @Sendable (Request, APIContext) async throws -> Response

    /// What the paths begin with that this one stands for, when its end is a name in braces, or `anythingBelow`.
    fileprivate var beginning: String? {
        guard let slash = path.lastIndex(of: "/"), path.hasSuffix("}") || path.hasSuffix(Self.anythingBelow) else { return nil }
        return String(path[...slash])
    }
}

/// All calls of the API: what the router is made from, and what answers 405.
struct RouteTable: Sendable {
    let routes: [Route]
    private let methods: [String: String]
    /// The same for the beginnings of paths.
    private let methodsBelow: [String: String]
    /// Paths outside the rate limit.
    private let exempt: Set<String>

    init(_ routes: [Route], exempt: Set<String>) {
        self.routes = routes
        self.exempt = exempt
        methods = Self.methods(of: routes, by: \.path)
        methodsBelow = Self.methods(of: routes.filter { $0.beginning != nil }) { $0.beginning ?? $0.path }
    }

    private static func methods(of routes: [Route], by path: (Route) -> String) -> [String: String] {
        Dictionary(grouping: routes, by: path).mapValues { $0.map(\.method.rawValue).sorted().joined(separator: ", ") }
    }

    /// The methods of a path that there is; trailing slashes do not matter.
    func allowedMethods(_ path: String) -> String? {
        let path = Self.canonical(path)
        return methods[path] ?? methodsBelow.first { path.hasPrefix($0.key) }?.value
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
