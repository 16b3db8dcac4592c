import Foundation
import Glibc
import MessengerAPI
import MessengerCore
import NIOCore
import Synchronization
import TestSupport
import Testing

/// A listener on every loopback address whose connections never come to be: its queue is full and nobody takes from it.
private final class BlackHole: Sendable {
    struct CannotListen: Error { let code: Int32 }

    private let descriptor: Int32
    let port: Int

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Nobody but this machine reaches it.
        let isLocal = setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) == 0
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 0) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        descriptor = listener
        port = Int(in_port_t(bigEndian: address.sin_port))
        guard isLocal, isListening else { throw CannotListen(code: errno) }
    }

    deinit { close(descriptor) }
}

@Suite("Dead callback addresses", .timeLimit(.minutes(2)))
struct DeadAddressTests {
    private static let deadAddresses = 10_000
    private static let devicesPerUser = 20
    private static let samples = 20
    private static let tolerance = Duration.milliseconds(100)

    @Test("10,000 addresses that hang delay one that answers by no more than 100 ms")
    func tenThousand() async throws {
        try await TestServer.run { server in
            try await CallbackSink.run { sink in
                let hole = try BlackHole()
                let client = TestClient(server.url)
                let bob = try await TestUser.make(on: client, address: sink.address)
                let quiet = try await Self.medianDelay(to: bob, sink)

                let users = try await Self.users(on: server, port: hole.port)
                for start in stride(from: 0, to: users.count, by: 250) {
                    let list = users[start..<min(start + 250, users.count)].map { ($0.rawValue, "x") }
                    #expect(try await bob.sendList(list).status == 200)
                }
                let beside = try await Self.medianDelay(to: bob, sink)
                #expect(beside < quiet + Self.tolerance, "\(beside) beside them, \(quiet) without")
            }
        }
    }

    @Test("Nor do they delay one that nobody knows yet, once they are known")
    func newAddress() async throws {
        try await TestServer.run({
            $0.substitutes.resolveHost = { _, port in try SocketAddress(ipAddress: "127.0.0.1", port: port) }
        }) { server in
            try await CallbackSink.run { sink in
                let hole = try BlackHole()
                let client = TestClient(server.url)
                let bob = try await TestUser.make(on: client)
                let users = try await Self.users(on: server, port: hole.port, haveFailed: true)
                for start in stride(from: 0, to: users.count, by: 250) {
                    let list = users[start..<min(start + 250, users.count)].map { ($0.rawValue, "x") }
                    #expect(try await bob.sendList(list).status == 200)
                }
                var delays: [Duration] = []
                for index in 0..<Self.samples {
                    let address = sink.address.replacing("127.0.0.1", with: "new-\(index).example")
                    let new = try await TestUser.make(on: client, address: address)
                    #expect(try await bob.send("x", to: new.id).status == 200)
                    let start = ContinuousClock.now
                    try await eventually("pushed") { sink.pushes.count == index + 1 }
                    delays.append(ContinuousClock.now - start)
                }
                #expect(delays.sorted()[Self.samples / 2] < Self.tolerance, "\(delays)")
            }
        }
    }

    /// From the answer to a send to its push.
    private static func medianDelay(to user: TestUser, _ sink: CallbackSink) async throws -> Duration {
        var delays: [Duration] = []
        for _ in 0..<samples {
            let count = sink.pushes.count
            #expect(try await user.send("x", to: user.id).status == 200)
            let start = ContinuousClock.now
            try await eventually("pushed") { sink.pushes.count > count }
            delays.append(ContinuousClock.now - start)
        }
        return delays.sorted()[samples / 2]
    }

    /// As many users as it takes; each device has an address of its own.
    private static func users(on server: TestServer, port: Int, haveFailed: Bool = false) async throws -> [UserID] {
        let here = ClientOrigin(address: IPAddress("127.0.0.1")!, wasForwarded: false)
        var users: [UserID] = []
        for index in 0..<deadAddresses {
            if index % devicesPerUser == 0 {
                users.append(
                    try await server.backend.register(
                        NewAccount(
                            username: Username("dead-\(index)")!, phoneFingerprint: SecureRandom.bytes(32), passwordHash: "!",
                            invitation: nil, now: TimeSource.system.now())))
            }
            let address = "http://127.\(1 + index / 10_000).\(1 + index / 100).\(1 + index % 100):\(port)/"
            let login = try await server.backend.logIn(
                Login(
                    user: users[users.count - 1], token: Token().hash, publicKey: "", device: nil,
                    callback: CallbackRegistration(
                        address: address, isPushable: true, origin: here,
                        secret: SecureRandom.bytes(WebhookSignature.secretLength)),
                    now: TimeSource.system.now()))
            guard haveFailed else { continue }
            try await server.backend.callbackFailed(
                CallbackFailure(device: login.device, generation: 1, at: TimeSource.system.now(), refused: nil))
        }
        return users
    }
}
