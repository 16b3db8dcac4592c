import ClusterBackend
import Logging
import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport

/// A broker as a process has it, and all that it heard.
final class TestBroker: Sendable {
    struct Role {
        var node: Int64?
        var hearsSenders = false
    }

    private final class Recorder: Sendable {
        let hints = Mutex<[Hints]>([])
    }

    let broker: RabbitMQBroker
    private let recorder = Recorder()

    init(url: String, role: Role) throws {
        let recorder = recorder
        broker = RabbitMQBroker(
            address: try RabbitMQAddress(url), hearsSenders: role.hearsSenders,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { hints in recorder.hints.withLock { $0.append(hints) } }
        if let node = role.node { broker.listen(as: NodeID(node)) }
    }

    /// Everything heard so far, together.
    var heard: Hints { recorder.hints.withLock { $0.reduce(into: Hints()) { $0.formUnion($1) } } }
    /// How many ids were heard, repeats counted.
    var heardCount: Int { recorder.hints.withLock { $0.map(\.count).reduce(0, +) } }

    func send(_ users: [Int64], to node: Int64) { broker.send([.node(NodeID(node)): Hints(news: Set(users.map { UserID($0) }))]) }

    func hears(_ users: [Int64]) async throws {
        try await eventually("\(users.count) users are heard of", within: .seconds(30)) {
            heard.news.isSuperset(of: users.map { UserID($0) })
        }
    }

    func connects() async throws { try await eventually("it is connected", within: .seconds(30)) { broker.isConnected } }
    func loses() async throws { try await eventually("it is not connected", within: .seconds(30)) { !broker.isConnected } }

    /// Runs brokers around `body`, which begins when they are connected.
    static func run(_ url: String, _ roles: [Role], _ body: ([TestBroker]) async throws -> Void) async throws {
        let brokers = try roles.map { try TestBroker(url: url, role: $0) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for broker in brokers { tasks.addTask { try await broker.broker.run() } }
            for broker in brokers { try await broker.connects() }
            try await body(brokers)
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
    }
}
