import Foundation
import TestSupport
import Testing

extension ClusterSuite {
    struct RestartTests {
        private let cluster: ClusterProcess

        init() throws { cluster = try #require(ClusterTrait.current) }

        @Test func `No request fails while everything but the database is restarted`() async throws {
            // Each sender may have been just between an answer and its acknowledgement.
            let scenario = FaultScenario(name: "rolling restart", cluster: cluster, allowsUnavailable: false, repeats: 2)
            try await scenario.play { _, _ in
                for group in ["listeners", "senders", "rabbitmq", "nginx"] { try await cluster.control("restart", group) }
            }
        }

        @Test func `A listener that is restarted answers what is still asked on its connections, and tells its streams`()
            async throws
        {
            let name = "listener-1"
            let listener = try cluster.listener(name)
            let port = try #require(URL(string: listener.base)?.port)
            let user = try await TestUser.make(on: listener)
            let reads = Gate()
            async let events = listener.stream(token: user.token) { events in
                var names: [String] = []
                while let event = try await events.next() {
                    names.append(event.name)
                    reads.open()
                }
                return names
            }
            await reads.wait()
            // As nginx keeps them for its next requests.
            let kept = try await RawConnection(port: port)
            try await kept.send(Self.request)
            try await eventually("an answer") { kept.text.hasSuffix("OK") }

            async let restart: Void = cluster.control("restart", name)
            try await eventually("it takes no new connections") { !LoopbackPorts.answers(port) }
            try await kept.send(Self.request)
            try await eventually("the end of the connection") { kept.isClosed }
            let answers = kept.text.components(separatedBy: "HTTP/1.1 ").dropFirst()
            #expect(answers.count == 2 && answers.allSatisfy { $0.hasPrefix("200 ") }, "\(kept.text)")
            #expect(answers.last?.lowercased().contains("connection: close") == true)
            #expect(try await events.last == "closing")
            try await restart
            try await cluster.untilWhole()
        }

        private static let request = "GET /api/health/ HTTP/1.1\r\nHost: a\r\n\r\n"

        @Test func `Nothing accepted is lost while PostgreSQL is restarted`() async throws {
            try await FaultScenario(name: "restart of PostgreSQL", cluster: cluster).play { _, _ in
                try await cluster.control("restart", "postgres")
            }
        }
    }
}
