import ClusterBackend
import TestSupport
import Testing

extension RabbitMQSuite {
    @Suite("What a check finds")
    struct BrokerCheckTests {
        private static let vhost = RabbitMQTrait.vhosts[10]

        private func server() throws -> RabbitMQServer { try #require(RabbitMQTrait.current).server }

        private func finding(_ url: String) async throws -> String {
            let finding = await RabbitMQBroker.check(try RabbitMQAddress(url))
            let line = try #require(finding, "it found nothing wrong")
            #expect(!line.contains("s3cret") && !line.contains("\n"))
            return line
        }

        @Test("A broker that serves gives no finding, with and without TLS")
        func fine() async throws {
            let (server, certificates) = try #require(RabbitMQTrait.current)
            let urls = [false, true].map { server.url(vhost: Self.vhost, user: RabbitMQTrait.anyone, tls: $0) }
            #expect(await RabbitMQBroker.check(try RabbitMQAddress(urls[0])) == nil)
            let trusting = urls[1] + "?cacertfile=\(certificates)/certificate.pem"
            #expect(await RabbitMQBroker.check(try RabbitMQAddress(trusting)) == nil)
        }

        @Test(
            "A missing permission is named, with the command that grants it",
            arguments: [
                (RabbitMQTrait.withoutConfigure, "configure"), (RabbitMQTrait.withoutWrite, "write"),
                (RabbitMQTrait.withoutRead, "read"), (RabbitMQTrait.withoutPublish, "write"),
            ])
        func permissions(user: RabbitMQServer.User, permission: String) async throws {
            let line = try await finding(try server().url(vhost: Self.vhost, user: user))
            #expect(line.contains("lacks the \(permission) permission"))
            #expect(line.contains("rabbitmqctl set_permissions -p '\(Self.vhost)' '\(user.name)'"))
        }

        @Test("A wrong password, an unknown vhost and one that the user may not use are told apart")
        func login() async throws {
            let port = try server().port
            let wrong = try await finding("amqp://messenger:s3cret-not@127.0.0.1:\(port)/\(Self.vhost)")
            #expect(wrong.contains("the user or the password is wrong"))
            let unknown = try await finding("amqp://messenger:s3cret@127.0.0.1:\(port)/nowhere")
            #expect(unknown.contains("no such vhost") && unknown.contains("add_vhost 'nowhere'"))
            let forbidden = try await finding(try server().url(vhost: Self.vhost, user: RabbitMQTrait.stranger))
            #expect(forbidden.contains("may not use the vhost"))
        }

        @Test("A port where nothing listens and an unknown host are told apart")
        func unreachable() async throws {
            let refused = try await finding("amqp://messenger:s3cret@127.0.0.1:\(try LoopbackPorts.free())")
            #expect(refused.contains("nothing accepts connections there"))
            let unknown = try await finding("amqp://messenger:s3cret@host.invalid")
            #expect(unknown.contains("host name cannot be resolved") || unknown.contains("does not answer"))
        }

        @Test("TLS that is missing, not expected or not trusted is told")
        func tls() async throws {
            let (server, certificates) = try #require(RabbitMQTrait.current)
            let user = RabbitMQTrait.anyone
            let tlsPort = try #require(server.tlsPort)
            let untrusted = try await finding(server.url(vhost: Self.vhost, user: user, tls: true))
            #expect(untrusted.contains("certificate is not trusted"))
            let authorities = "?cacertfile=\(certificates)/certificate.pem"
            let plainServer = try await finding("amqps://messenger:s3cret@127.0.0.1:\(server.port)/\(Self.vhost)\(authorities)")
            #expect(plainServer.contains("TLS handshake failed"))
            let plainClient = try await finding("amqp://messenger:s3cret@127.0.0.1:\(tlsPort)/\(Self.vhost)")
            #expect(plainClient.contains("closed the connection at login"))
            let noFile = try await finding("amqps://messenger:s3cret@localhost:\(tlsPort)?cacertfile=\(certificates)/none.pem")
            #expect(noFile.contains("no certificate authorities that can be read"))
        }

        @Test("A broker that accepts and then says nothing is found within 5 s")
        func silence() async throws {
            let listener = try SilentListener()
            let start = ContinuousClock.now
            let line = try await finding("amqp://messenger:s3cret@127.0.0.1:\(listener.port)")
            #expect(line.contains("does not answer"))
            #expect(ContinuousClock.now - start < .seconds(8), "5 s and what a busy machine adds")
        }
    }
}
