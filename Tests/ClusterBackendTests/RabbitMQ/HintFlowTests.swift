import ClusterBackend
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

extension RabbitMQSuite {
    @Suite("Hints between processes")
    struct HintFlowTests {
        private func url(_ vhost: Int, tls: Bool = false) throws -> String {
            let (server, certificates) = try #require(RabbitMQTrait.current)
            let url = server.url(vhost: RabbitMQTrait.vhosts[vhost], user: RabbitMQTrait.anyone, tls: tls)
            return tls ? url + "?cacertfile=\(certificates)/certificate.pem" : url
        }

        @Test("Hints reach the process they are for, and nobody else")
        func toNode() async throws {
            try await TestBroker.run(try url(0), [.init(node: 1), .init(node: 2), .init(node: 3)]) { brokers in
                let hints = Hints(news: [UserID(1), UserID(2)], tryNow: [DeviceID(3)], moved: [DeviceID(4)])
                brokers[0].broker.send([.node(NodeID(2)): hints, .node(NodeID(1)): Hints(news: [UserID(5)])])
                brokers[0].send([6], to: 3)
                try await brokers[1].hears([1, 2])
                try await brokers[0].hears([5])
                try await brokers[2].hears([6])
                #expect(brokers[1].heard == hints)
                #expect(brokers[0].heard == Hints(news: [UserID(5)]))
            }
        }

        @Test("A hint for the senders goes to exactly one of them, and to no listener")
        func toSenders() async throws {
            let roles = [TestBroker.Role(node: 1), .init(node: 2, hearsSenders: true), .init(node: 3, hearsSenders: true)]
            try await TestBroker.run(try url(1), roles) { brokers in
                for id in 0..<200 {
                    brokers[0].broker.send([.anySender: Hints(tryNow: [DeviceID(Int64(id))])])
                    if id % 20 == 0 { try await Task.sleep(for: .milliseconds(5)) }
                }
                try await eventually("all are heard") { brokers[1].heardCount + brokers[2].heardCount == 200 }
                #expect(brokers[1].heard.tryNow.isDisjoint(with: brokers[2].heard.tryNow))
                #expect(brokers[1].heardCount > 0 && brokers[2].heardCount > 0, "they take turns")
                #expect(brokers[0].heardCount == 0)
            }
        }

        @Test("A process that takes another id hears of that one, and no longer of the first")
        func rebinding() async throws {
            try await TestBroker.run(try url(2), [.init(node: 1), .init()]) { brokers in
                brokers[1].broker.listen(as: NodeID(2))
                try await brokers[1].connects()
                brokers[0].send([1], to: 2)
                try await brokers[1].hears([1])
                brokers[1].broker.listen(as: NodeID(3))
                try await brokers[1].connects()
                brokers[0].send([2], to: 2)
                brokers[0].send([3], to: 3)
                try await brokers[1].hears([3])
                #expect(brokers[1].heard.news == [UserID(1), UserID(3)])
            }
        }

        @Test("More than one message holds comes in parts")
        func manyIDs() async throws {
            try await TestBroker.run(try url(3), [.init(node: 1)]) { brokers in
                let users = Array(Int64(0)..<30_000)
                brokers[0].send(users, to: 1)
                try await brokers[0].hears(users)
                #expect(brokers[0].heardCount == users.count)
            }
        }

        @Test("Hints for a process that has gone are dropped and stop nothing")
        func unknownNode() async throws {
            try await TestBroker.run(try url(4), [.init(node: 1)]) { brokers in
                brokers[0].send([1], to: 99)
                brokers[0].send([2], to: 1)
                try await brokers[0].hears([2])
                #expect(brokers[0].heard.news == [UserID(2)])
                #expect(brokers[0].broker.isConnected)
            }
        }

        @Test("What waits when a process stops is still published, and what was sent before it began, too")
        func ends() async throws {
            let url = try url(5)
            try await TestBroker.run(url, [.init(node: 1)]) { listeners in
                let late = try TestBroker(url: url, role: .init(node: 2))
                late.send([1], to: 1)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await late.broker.run() }
                    try await late.connects()
                    late.send([2], to: 1)
                    tasks.cancelAll()
                    try await tasks.waitForAll()
                }
                #expect(!late.broker.isConnected)
                try await listeners[0].hears([1, 2])
            }
        }

        @Test("Hints flow over TLS")
        func overTLS() async throws {
            try await TestBroker.run(try url(6, tls: true), [.init(node: 1)]) { brokers in
                let users = Array(Int64(0)..<10_000)
                brokers[0].send(users, to: 1)
                try await brokers[0].hears(users)
            }
        }
    }
}
