import Glibc
import HTTPTypes
import Logging
import MessengerCore
import MessengerHTTP
import NIOCore
import NIOSSL
import Synchronization
import TestSupport
import Testing

@Suite("Where callbacks go", .timeLimit(.minutes(1)))
struct CallbackTargetTests {
    @Test("A login with an address that cannot be pushed to is accepted and told why")
    func obstacles() async throws {
        try await TestServer.run { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            let own = "this server's own"
            let never = "unspecified, multicast or link-local"
            for (address, reason) in [
                ("some_ip", "not an address to push to"), ("", "no address"), ("ftp://127.0.0.1:9000", "not an address"),
                ("http://user@127.0.0.1:9000", "not an address"), ("127.0.0.1", "not an address"),
                ("http://127.0.0.1:\(server.port)/api/users/", own), ("127.0.0.1:\(server.port)", own),
                ("http://[::1]:\(server.port)", own), ("http://127.1.2.3:\(server.port)", own),
                ("http://[::ffff:127.0.0.1]:\(server.port)", own), ("http://127.0.0.1:22/", "ports below 1024"),
                ("http://localhost:\(server.port)", own), ("http://127.1:9000", "not an address"),
                ("http://2130706433:9000", "not an address"), ("http://0x7f000001:9000", "not an address"),
                ("http://0177.0.0.1:9000", "not an address"),
                ("http://203.0.113.1/", "not the one that the login came from"), ("https://[2001:db8::1]/", "not the one"),
                ("http://0.0.0.0:9000/", never), ("http://169.254.169.254/", never), ("http://224.0.0.1:9000", never),
                ("http://[fe80::1]:9000", never), ("http://[::ffff:169.254.169.254]", never), ("http://[::]:9000", never),
            ] {
                let answer = try await client.logIn("ann", address: address)
                #expect(answer.status == 200, "\(address)")
                let callback = answer.json["callback"] as? String ?? ""
                #expect(callback.contains(reason), "\(address): \(callback)")
            }
            let long = "http://127.0.0.1:9000/" + String(repeating: "x", count: 2_048)
            #expect(try await client.logIn("ann", address: long).status == 400)
        }
    }

    @Test("A login's host name is looked up, but never waited for long, nor before the password is known to be right")
    func hostNames() async throws {
        let (answers, lookUps) = (Gate(), Counter())
        defer { answers.open() }
        try await TestServer.run({
            $0.substitutes.resolveHost = { host, port in
                lookUps.add(1)
                if host == "slow.example" { while !answers.isOpen { usleep(10_000) } }
                let known = ["near.example": "127.0.0.1", "far.example": "203.0.113.1", "bad.example": "169.254.169.254"]
                guard let address = known[host] else { throw ChannelError.unknownLocalAddress }
                return try SocketAddress(ipAddress: address, port: port)
            }
        }) { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            for (host, expected) in [
                ("near.example", "active"), ("far.example", "none: the address is not the one that the login came from"),
                ("bad.example", "none: the address is unspecified"), ("gone.example", "unknown: "), ("slow.example", "unknown: "),
            ] {
                let answer = try await client.logIn("ann", address: "http://\(host):9000/")
                #expect(answer.status == 200)
                let callback = answer.json["callback"] as? String ?? ""
                #expect(callback.hasPrefix(expected), "\(host): \(callback)")
            }
            #expect(lookUps.value == 5)
            _ = try await client.logIn("ann", password: "wrong password", address: "http://near.example:9000/")
            #expect(lookUps.value == 5)
        }
    }

    @Test("Nothing is pushed to a name that leads where callbacks may not go")
    func forbiddenName() async throws {
        try await TestServer.run({
            $0.substitutes.resolveHost = { _, port in try SocketAddress(ipAddress: "203.0.113.1", port: port) }
        }) { server in
            let bob = try await TestUser.make(on: TestClient(server.url), address: "http://far.example:9000/")
            #expect(try await bob.send("1", to: bob.id).status == 200)
            #expect(try await server.backend.callbacksDue(of: nil).isEmpty)
        }
    }

    @Test(
        "A login that came through anything may not name a loopback address",
        arguments: [
            "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via",
        ])
    func forwarded(header: String) async throws {
        try await TestServer.run({ $0.settings.trustedProxies = [IPRange("127.0.0.1")!] }) { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            for host in [
                "127.0.0.1", "localhost", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
            ] {
                let answer = try await client.logIn("ann", address: "http://\(host):65000", headers: [header: "127.0.0.1"])
                #expect(answer.status == 200)
                #expect((answer.json["callback"] as? String)?.contains("loopback") == true, "\(host)")
                let direct = try await client.logIn("ann", address: "http://\(host):65000")
                #expect(direct.json["callback"] as? String == "active", "\(host)")
            }
        }
    }

    @Test("The client's own address is the forwarded one, an IPv6 client's its /64")
    func ownAddress() async throws {
        try await TestServer.run({ $0.settings.trustedProxies = [IPRange("127.0.0.1")!] }) { server in
            let client = TestClient(server.url)
            #expect(try await client.register("ann").status == 201)
            for (origin, host, isActive) in [
                ("203.0.113.1", "203.0.113.1", true), ("203.0.113.1", "203.0.113.2", false),
                ("203.0.113.1", "[::ffff:203.0.113.1]", true), ("2001:db8::1", "[2001:db8::ffff:2]", true),
                ("2001:db8::1", "[2001:db8:0:1::1]", false), ("203.0.113.1", "127.0.0.1", false),
            ] {
                let answer = try await client.logIn("ann", address: "http://\(host):9000", headers: TestClient.from(origin))
                let callback = answer.json["callback"] as? String
                #expect((callback == "active") == isActive, "\(origin) to \(host): \(callback ?? "-")")
            }
        }
    }

    @Test("What is allowed beside is pushed to, also from afar")
    func allowed() async throws {
        try await TestServer.run({
            $0.settings.callbackAllow = [IPRange("127.0.0.0/8")!]
            $0.settings.trustedProxies = [IPRange("127.0.0.1")!]
        }) { server in
            try await CallbackSink.run { sink in
                let client = TestClient(server.url)
                let far = TestClient.from("203.0.113.1")
                let bob = try await TestUser.make(on: client, address: sink.address, headers: far)
                #expect(bob.callback == "active")
                #expect(try await bob.send("1", to: bob.id).status == 200)
                try await eventually("pushed") { sink.numbers == [1] }
                let own = try await client.logIn(bob.name, address: "http://127.0.0.1:\(server.port)", headers: far)
                #expect(own.json["callback"] as? String != "active")
            }
        }
    }

    @Test("A redirect is not followed")
    func redirect() async throws {
        let failures = Counter()
        try await TestServer.run({ $0.watchCallbackFailures { _ in failures.add(1) } }) { server in
            try await CallbackSink.run { elsewhere in
                try await CallbackSink.run(
                    headers: [.location: elsewhere.address], answer: { _, _ in .temporaryRedirect }
                ) { sink in
                    let bob = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                    #expect(try await bob.send("1", to: bob.id).status == 200)
                    try await eventually("it counts as a failure") { failures.value >= 1 }
                    #expect(elsewhere.pushes.isEmpty)
                    #expect(try await bob.fetch().messages.count == 1)
                }
            }
        }
    }

    @Test("Devices never share a connection")
    func connections() async throws {
        try await TestServer.run { server in
            try await CallbackSink.run { sink in
                let client = TestClient(server.url)
                let ann = try await TestUser.make(on: client, address: sink.address)
                let bob = try await TestUser.make(on: client, address: sink.address)
                let third = try await TestUser.logIn(bob.name, on: client, address: sink.address + "/2")
                for count in 1...3 {
                    #expect(try await ann.sendList([(ann.id, "x"), (bob.id, "x")]).status == 200)
                    try await eventually("pushed to all") { sink.pushes.count == 3 * count }
                }
                #expect(third.callback == "active")
                func connections(_ user: TestUser, _ path: String) -> Set<String> {
                    Set(sink.pushes.filter { $0.message?.receiverID.rawValue == user.id && $0.path == path }.map(\.connection))
                }
                let used = [connections(ann, "/inbox"), connections(bob, "/inbox"), connections(bob, "/inbox/2")]
                #expect(used.map(\.count) == [1, 1, 1])
                #expect(Set(used).count == 3)
            }
        }
    }

    @Test("An address that does not answer delays no other, and gets 8 pushes at once at most")
    func deadAddress() async throws {
        let gate = Gate()
        defer { gate.open() }
        try await TestServer.run { server in
            try await CallbackSink.run(answer: { _, _ in
                await gate.wait()
                return .ok
            }) { dead in
                try await CallbackSink.run { sink in
                    defer { gate.open() }
                    let client = TestClient(server.url)
                    let ann = try await TestUser.make(on: client, address: sink.address)
                    var waiting: [TestUser] = []
                    for _ in 1...10 { waiting.append(try await TestUser.make(on: client, address: dead.address)) }
                    #expect(try await ann.sendList(waiting.map { ($0.id, "x") }).status == 200)
                    try await eventually("eight under way") { dead.pushes.count == 8 }
                    for number in 1...20 {
                        #expect(try await ann.send("x", to: ann.id).status == 200)
                        try await eventually("pushed beside") { sink.numbers.count == number }
                    }
                    #expect(dead.pushes.count == 8)
                    gate.open()
                    try await eventually("the others too") { Set(dead.pushes.compactMap { $0.message?.receiverID }).count == 10 }
                }
            }
        }
    }

    @Test("An address that does not answer within 5 s has failed, and the next attempt is another connection")
    func timeout() async throws {
        let gate = Gate()
        let failures = Counter()
        defer { gate.open() }
        try await TestServer.run({ $0.watchCallbackFailures { _ in failures.add(1) } }) { server in
            try await CallbackSink.run(answer: { _, count in
                if count == 0 { await gate.wait() }
                return .ok
            }) { sink in
                defer { gate.open() }
                let bob = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                let start = ContinuousClock.now
                #expect(try await bob.send("1", to: bob.id).status == 200)
                try await eventually("it came at last") { sink.numbers == [1, 1] }
                #expect(failures.value == 1)
                #expect(ContinuousClock.now - start >= .seconds(5))
                #expect(sink.pushes[0].connection != sink.pushes[1].connection)
            }
        }
    }

    @Test("Certificates are verified", arguments: [false, true])
    func certificates(isTrusted: Bool) async throws {
        let folder = try TemporaryFolder()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let tls = try ServerCertificate(folder: folder.path, logger: quiet).tlsConfiguration()
        let roots = try NIOSSLCertificate.fromPEMFile(folder.path + "/certificate.pem")
        let failures = Counter()
        try await TestServer.run({
            if isTrusted { $0.substitutes.callbackTrustRoots = .certificates(roots) }
            $0.watchCallbackFailures { _ in failures.add(1) }
        }) { server in
            try await CallbackSink.run(tls: tls) { sink in
                let bob = try await TestUser.make(on: TestClient(server.url), address: sink.address)
                #expect(bob.callback == "active")
                #expect(try await bob.send("1", to: bob.id).status == 200)
                try await eventually("pushed or failed") { sink.pushes.count + failures.value > 0 }
                #expect(sink.numbers == (isTrusted ? [1] : []))
            }
        }
    }
}
