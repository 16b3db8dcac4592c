import Foundation
import Logging
import MessengerCore
import TestSupport
import Testing
import Yams

@testable import MessengerHTTP

@Suite("The description of the API", .timeLimit(.minutes(1)))
struct OpenAPITests {
    /// What the server routes, such as `GET /api/users`.
    private func routes(of server: TestServer) async throws -> Set<String> {
        let backend = server.backend
        let stores = Stores(
            accounts: backend, inboxes: backend, callbacks: backend, signal: LocalSignal(),
            presence: LocalPresence(accounts: backend), keys: backend, blobs: backend,
            log: try await backend.openLog(now: TimeSource.system.now()),
            phoneKey: [])
        let parts = try ServerParts(
            settings: ServerSettings(), stores: stores, role: .all, substitutes: ServerSubstitutes(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let table = parts.routeTable(RequestLimits(.init(), uptime: parts.time.uptime))
        return Set(
            table.routes.map { route in
                "\(route.method.rawValue) \(route.path.replacing(Route.anythingBelow, with: "/{path}"))"
            })
    }

    private func description(from server: TestServer) async throws -> [String: Any] {
        let answer = try await TestClient(server.url).call("GET", "/api/openapi.yaml")
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "application/yaml")
        return try #require(try Yams.load(yaml: answer.text) as? [String: Any])
    }

    private static let methods: Set<String> = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]

    private func operations(_ description: [String: Any]) throws -> [(name: String, operation: [String: Any])] {
        let paths = try #require(description["paths"] as? [String: [String: Any]])
        return paths.flatMap { path, item in
            item.filter { Self.methods.contains($0.key) }.map { method, operation in
                let path = path.hasSuffix("/") ? String(path.dropLast()) : path
                return ("\(method.uppercased()) \(path)", operation as? [String: Any] ?? [:])
            }
        }
    }

    @Test("It has the server's calls, all of them and no other")
    func calls() async throws {
        try await TestServer.run { server in
            let described = Set(try operations(try await description(from: server)).map(\.name))
            let routed = try await routes(of: server)
            #expect(described.subtracting(routed) == [], "described, but not there")
            #expect(routed.subtracting(described) == [], "there, but not described")
            #expect(routed.count > 10)
        }
    }

    @Test("What it calls open needs no token, and everything else does")
    func security() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            for (name, operation) in try operations(try await description(from: server)) {
                let isOpen = (operation["security"] as? [Any])?.isEmpty == true
                let parts = name.split(separator: " ")
                let answer = try await client.call(String(parts[0]), String(parts[1]), json: parts[0] == "HEAD" ? nil : "{}")
                #expect((answer.status == 401) != isOpen, "\(name): \(answer.status)")
                let responses = try #require(operation["responses"] as? [String: Any])
                #expect(responses["\(answer.status)"] != nil, "\(name) does not tell of \(answer.status)")
                #expect((responses["401"] != nil) == !isOpen || name == "POST /api/login", "\(name)")
            }
        }
    }

    @Test("Every reference in it leads somewhere")
    func references() async throws {
        try await TestServer.run { server in
            let whole = try await description(from: server)
            var references: Set<String> = []
            func collect(_ value: Any) {
                if let object = value as? [String: Any] {
                    if let reference = object["$ref"] as? String { references.insert(reference) }
                    object.values.forEach(collect)
                } else if let list = value as? [Any] {
                    list.forEach(collect)
                }
            }
            collect(whole)
            #expect(references.count > 10)
            for reference in references {
                var value: Any? = whole
                for part in reference.dropFirst(2).split(separator: "/") { value = (value as? [String: Any])?[String(part)] }
                #expect(value != nil, "\(reference)")
            }
        }
    }
}
