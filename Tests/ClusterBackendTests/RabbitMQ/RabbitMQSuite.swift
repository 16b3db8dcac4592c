import Foundation
import Logging
import MessengerHTTP
import TestSupport
import Testing

/// The tests that share one RabbitMQ. Each has a vhost of its own there.
@Suite("RabbitMQ", .rabbitMQ, .timeLimit(.minutes(1)))
enum RabbitMQSuite {}

/// Runs one server around a whole suite.
struct RabbitMQTrait: SuiteTrait, TestScoping {
    @TaskLocal static var current: (server: RabbitMQServer, certificateFolder: String)?

    static let vhosts = (0..<20).map { "test-\($0)" }
    static let anyone = RabbitMQServer.User("messenger", password: "s3cret", permissions: everywhere(.init()))
    static let withoutConfigure = RabbitMQServer.User(
        "no-configure", password: "s3cret", permissions: everywhere(.init(configure: "")))
    static let withoutWrite = RabbitMQServer.User("no-write", password: "s3cret", permissions: everywhere(.init(write: "")))
    static let withoutRead = RabbitMQServer.User("no-read", password: "s3cret", permissions: everywhere(.init(read: "")))
    /// May write to queues, not to the exchange.
    static let withoutPublish = RabbitMQServer.User(
        "no-publish", password: "s3cret", permissions: everywhere(.init(write: #"^messenger\.(process|check)\..*"#)))
    static let stranger = RabbitMQServer.User("stranger", password: "s3cret", permissions: [:])
    static let users = [anyone, withoutConfigure, withoutWrite, withoutRead, withoutPublish, stranger]

    private static func everywhere(
        _ permissions: RabbitMQServer.User.Permissions
    ) -> [String: RabbitMQServer.User.Permissions] {
        Dictionary(uniqueKeysWithValues: vhosts.map { ($0, permissions) })
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let certificates = try TemporaryFolder()
        _ = try ServerCertificate(folder: certificates.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await RabbitMQServer.run(
            vhosts: Self.vhosts, users: Self.users, certificateFolder: certificates.path
        ) { server in
            try await Self.$current.withValue((server, certificates.path)) { try await function() }
        }
    }
}

extension Trait where Self == RabbitMQTrait {
    static var rabbitMQ: Self { Self() }
}
