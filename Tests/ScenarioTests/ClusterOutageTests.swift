import Foundation
import Glibc
import TestSupport
import Testing

extension ClusterSuite {
    struct OutageTests {
        /// A poll every 5 s, and the time to read and to deliver what has piled up.
        private static let pollsWithin = Duration.seconds(7)
        /// A second, and one request on a busy machine.
        private static let revokesWithin = Duration.milliseconds(1_500)
        private static let brokerOutage = ScenarioSettings.wait(.seconds(30), short: .seconds(8))
        private static let databaseOutage = ScenarioSettings.wait(.seconds(20), short: .seconds(4))

        private let cluster: ClusterProcess

        init() throws { cluster = try #require(ClusterTrait.current) }

        @Test func `Without RabbitMQ sending goes on, and delivery by polls`() async throws {
            let scenario = FaultScenario(name: "RabbitMQ away", cluster: cluster, allowsUnavailable: false)
            try await scenario.play { _, ledger in
                try await cluster.control("stop", "rabbitmq")
                try await cluster.untilReadiness(.ok, "database: ok, broker: unreachable")
                for kind in [DeliveryLedger.Kind.stream, .callback] { _ = await ledger.takeSlowest(at: kind) }
                try await expectLogoutEverywhere()
                try await Task.sleep(for: Self.brokerOutage)
                for kind in [DeliveryLedger.Kind.stream, .callback] {
                    let slowest = await ledger.takeSlowest(at: kind)
                    await ledger.note("\(kind)=\(slowest.formatted)")
                    #expect(slowest < Self.pollsWithin, "\(kind)")
                }
                try await cluster.control("start", "rabbitmq")
            }
        }

        private func expectLogoutEverywhere() async throws {
            let (near, far) = (try cluster.listener("listener-1"), try cluster.listener("listener-2"))
            let user = try await TestUser.make(on: far)
            _ = try await user.fetch()
            #expect(try await near.post("/api/logout/", ["username": user.name], token: user.token).status == 200)
            try await eventually("the other listener knows of a logout", within: Self.revokesWithin) {
                try await far.call("GET", "/api/messages/", token: user.token).status == 401
            }
        }

        @Test func `A read-only database takes nothing, and all goes on when it is writable again`() async throws {
            let user = try await TestUser.make(on: TestClient(cluster.url))
            defer { try? cluster.setDatabase("") }
            try await FaultScenario(name: "read-only database", cluster: cluster).play { _, _ in
                try cluster.setDatabase("default_transaction_read_only = on")
                try await expectRefusal(of: user)
                // It may be a standby that has been left behind: nothing is read from it, either.
                try await cluster.untilReadiness(.unavailable, "database: unreachable, broker: ok")
                try await Task.sleep(for: Self.databaseOutage)
                try cluster.setDatabase("")
                try await expectRecovery(of: user)
            }
        }

        @Test(.enabled("needs root, and a kernel that mounts tmpfs") { await SmallDisk.canBeMade })
        func `A full database takes nothing, and all goes on when there is room again`() async throws {
            let user = try await TestUser.make(on: TestClient(cluster.url))
            try await cluster.control("stop", "postgres")
            try await SmallDisk.run(over: "\(cluster.directory)/postgres/base", megabytes: 128) { disk in
                try await cluster.control("start", "postgres")
                try await FaultScenario(name: "full database", cluster: cluster).play { _, _ in
                    try disk.fill()
                    try await expectRefusal(of: user)
                    _ = try await user.fetch(limit: 1)
                    try await Task.sleep(for: Self.databaseOutage)
                    try disk.clear()
                    try await expectRecovery(of: user)
                }
                try await cluster.control("stop", "postgres")
            }
            try await cluster.control("start", "postgres")
            try await cluster.untilWhole()
        }

        /// The answer says when to try again.
        private func expectRefusal(of user: TestUser) async throws {
            // A large one, for which there is no room in half-empty pages.
            let text = String(repeating: "large ", count: 40_000)
            try await eventually("503") {
                let answer = try await user.send(text, to: user.id)
                if answer.status == 200 { return false }
                #expect(answer.status == 503 && answer.headers["retry-after"] != nil, "\(answer.status) \(answer.text)")
                return true
            }
        }

        private func expectRecovery(of user: TestUser) async throws {
            try await eventually("sends are accepted again") { try await user.send("again", to: user.id).status == 200 }
            // The next request may reach another listener, which finds the database a moment later.
            try await eventually("fetches and acknowledgements too") {
                guard let last = try? await user.fetch(limit: 1_000).next else { return false }
                return try await user.acknowledge(last).status == 200
            }
        }
    }
}
