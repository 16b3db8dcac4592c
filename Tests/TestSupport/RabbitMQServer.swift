import Foundation
import Glibc
import Synchronization

/// A RabbitMQ of a test's own: on fixed loopback ports, with a name service and a folder that no other uses. Its users and
/// vhosts are there when it has started; what happened in it stays over a restart as far as it is durable.
public final class RabbitMQServer: Sendable {
    /// Someone who may log in.
    public struct User: Sendable {
        /// Regular expressions for the names of exchanges and queues.
        public struct Permissions: Sendable {
            let configure, write, read: String

            public init(configure: String = ".*", write: String = ".*", read: String = ".*") {
                self.configure = configure
                self.write = write
                self.read = read
            }
        }

        public let name: String
        public let password: String
        /// By vhost; none means that the user may not use it.
        let permissions: [String: Permissions]

        public init(_ name: String, password: String, permissions: [String: Permissions]) {
            self.name = name
            self.password = password
            self.permissions = permissions
        }
    }

    private static let program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    private static let startLimit = Duration.seconds(60)

    public let port: Int
    /// Where it speaks TLS; nil without a certificate.
    public let tlsPort: Int?
    private let namePort: Int
    private let distributionPort: Int
    private let folder: TemporaryFolder
    private let processes = Mutex<(names: ChildProcess?, server: ChildProcess?)>((nil, nil))

    /// Runs a server around `body`.
    /// - Parameters:
    ///   - users: who is there; nobody else, not even `guest`.
    ///   - certificateFolder: with `certificate.pem` and `private_key.pem`, for a second port with TLS.
    public static func run<Value>(
        vhosts: [String], users: [User], certificateFolder: String? = nil, _ body: (RabbitMQServer) async throws -> Value
    ) async throws -> Value {
        let server = try RabbitMQServer(vhosts: vhosts, users: users, certificateFolder: certificateFolder)
        do {
            try await server.start()
            let value = try await body(server)
            await server.stop()
            return value
        } catch {
            await server.stop()
            throw error
        }
    }

    private init(vhosts: [String], users: [User], certificateFolder: String?) throws {
        folder = try TemporaryFolder()
        port = try LoopbackPorts.free()
        namePort = try LoopbackPorts.free()
        distributionPort = try LoopbackPorts.free()
        tlsPort = try certificateFolder.map { _ in try LoopbackPorts.free() }

        let definitions: [String: Any] = [
            "vhosts": vhosts.map { ["name": $0] },
            "users": users.map { ["name": $0.name, "password": $0.password, "tags": ""] },
            "permissions": users.flatMap { user in
                user.permissions.map { vhost, permissions in
                    [
                        "user": user.name, "vhost": vhost, "configure": permissions.configure, "write": permissions.write,
                        "read": permissions.read,
                    ]
                }
            },
        ]
        try JSONSerialization.data(withJSONObject: definitions).write(to: file("definitions.json"))
        var settings = """
            listeners.tcp.1 = 127.0.0.1:\(port)
            load_definitions = \(file("definitions.json").path)
            log.console = true
            log.file = false

            """
        if let tlsPort, let certificateFolder {
            settings += """
                listeners.ssl.1 = 127.0.0.1:\(tlsPort)
                ssl_options.certfile = \(certificateFolder)/certificate.pem
                ssl_options.keyfile = \(certificateFolder)/private_key.pem

                """
        }
        try Data(settings.utf8).write(to: file("rabbitmq.conf"))
        try Data().write(to: file("plugins"))
    }

    /// The address for a vhost and a user; nothing in them may need percent-encoding.
    public func url(vhost: String, user: User, tls: Bool = false) -> String {
        let place = tls ? "localhost:\(tlsPort ?? 0)" : "127.0.0.1:\(port)"
        return "\(tls ? "amqps" : "amqp")://\(user.name):\(user.password)@\(place)/\(vhost)"
    }

    /// As `kill -9` does.
    public func kill() async { await processes.withLock { $0.server }?.kill() }

    /// After `kill`.
    public func restart() async throws { try await start() }

    /// As a machine that hangs: connections stay, nothing is answered.
    public func pause() { processes.withLock { $0.server }?.signal(SIGSTOP) }
    public func resume() { processes.withLock { $0.server }?.signal(SIGCONT) }

    private func stop() async {
        await kill()
        await processes.withLock { $0.names }?.kill()
    }

    private func start() async throws {
        if processes.withLock({ $0.names }) == nil {
            let names = try await ChildProcess.start(
                "/usr/bin/epmd", ["-port", "\(namePort)", "-address", "127.0.0.1"], environment: environment, folder: folder.url,
                output: file("names.log").path, error: file("names.log").path)
            processes.withLock { $0.names = names }
            try await eventually("the name service answers") { LoopbackPorts.answers(namePort) }
        }
        let log = file("server.log").path
        let server = try await ChildProcess.start(
            Self.program, [], environment: environment, folder: folder.url, output: log, error: log)
        processes.withLock { $0.server = server }
        try await eventually("RabbitMQ answers", within: Self.startLimit) {
            guard server.isRunning else { throw NeverHappened(description: "RabbitMQ ended: \(try text("server.log"))") }
            return LoopbackPorts.answers(port) && (tlsPort.map(LoopbackPorts.answers) ?? true)
        }
    }

    private func file(_ name: String) -> URL { folder.url.appending(path: name) }

    private func text(_ name: String) throws -> String { try String(contentsOf: file(name), encoding: .utf8) }

    private var environment: [String: String] {
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RABBITMQ_") }
        variables["HOME"] = folder.path
        variables["ERL_EPMD_PORT"] = "\(namePort)"
        variables["ERL_EPMD_ADDRESS"] = "127.0.0.1"
        let settings = [
            "NODENAME": "test\(port)@localhost", "DIST_PORT": "\(distributionPort)", "CONF_ENV_FILE": "/dev/null",
            "CONFIG_FILE": file("rabbitmq.conf").path, "ENABLED_PLUGINS_FILE": file("plugins").path,
            "MNESIA_BASE": file("mnesia").path, "LOG_BASE": file("log").path, "GENERATED_CONFIG_DIR": file("generated").path,
            "PID_FILE": file("pid").path,
            // The script becomes the server, so that its id is the server's.
            "ALLOW_INPUT": "1", "SERVER_START_ARGS": "-noinput",
            "SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        ]
        for (name, value) in settings { variables["RABBITMQ_\(name)"] = value }
        return variables
    }
}
