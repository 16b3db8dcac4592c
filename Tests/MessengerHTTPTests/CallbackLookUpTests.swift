import MessengerAPI
import MessengerCore
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import MessengerHTTP

/// A callback to a name goes to the address that was checked, and to no other (DNS rebinding).
@Suite("Callbacks to names", .timeLimit(.minutes(1)))
struct CallbackLookUpTests {
    private static let here = ClientOrigin(address: IPAddress("127.0.0.1")!, wasForwarded: false)
    private static let afar = ClientOrigin(address: IPAddress("203.0.113.7")!, wasForwarded: false)
    private static let ownPort = 5_000

    /// What a name server says, in turn; the last answer stays.
    private final class Answers: Sendable {
        private let state: Mutex<(rest: [String], count: Int)>
        init(_ answers: [String]) { state = Mutex((answers, 0)) }
        var count: Int { state.withLock { $0.count } }

        func next(port: Int) throws -> SocketAddress {
            let answer = state.withLock { state -> String in
                state.count += 1
                return state.rest.count > 1 ? state.rest.removeFirst() : state.rest[0]
            }
            return try SocketAddress(ipAddress: answer, port: port)
        }
    }

    private func pusher(_ answers: Answers, allowed: [IPRange] = []) throws -> HTTPCallbackPusher {
        try HTTPCallbackPusher(
            callbackGuard: CallbackGuard(allowed: allowed, allowsLocalLoopback: true, ownPorts: { [Self.ownPort] }),
            group: MultiThreadedEventLoopGroup.singleton, trustRoots: .default
        ) { _, port in try answers.next(port: port) }
    }

    private func push(
        _ pusher: HTTPCallbackPusher, port: Int, from origin: ClientOrigin = here
    ) async -> CallbackOutcome {
        let address = CallbackAddress("http://name.example:\(port)/inbox")!
        return await pusher.push(
            CallbackRequest(device: DeviceID(1), address: address, origin: origin, headers: [], body: Array("{}".utf8)))
    }

    @Test("Each connection looks the name up once, and keeps it as its host")
    func oncePerConnection() async throws {
        try await CallbackSink.run { sink in
            let port = try #require(CallbackAddress(sink.address)?.port)
            let answers = Answers(["127.0.0.1"])
            let pusher = try pusher(answers)
            for _ in 1...3 { #expect(await push(pusher, port: port) == .status(200)) }
            #expect(answers.count == 1)
            await pusher.release(DeviceID(1))
            #expect(await push(pusher, port: port) == .status(200))
            #expect(answers.count == 2)
            #expect(sink.pushes.count == 4)
            await pusher.release(DeviceID(1))
        }
    }

    @Test(
        "A name that leads elsewhere the second time is refused",
        arguments: ["169.254.169.254", "0.0.0.0", "10.0.0.1", "203.0.113.1", "fe80::1", "::ffff:169.254.169.254"])
    func rebinding(_ second: String) async throws {
        try await CallbackSink.run { sink in
            let port = try #require(CallbackAddress(sink.address)?.port)
            let pusher = try pusher(Answers(["127.0.0.1", second]))
            #expect(await push(pusher, port: port) == .status(200))
            await pusher.release(DeviceID(1))
            guard case .failed(let reason) = await push(pusher, port: port) else {
                Issue.record("\(second) was reached")
                return
            }
            #expect(reason.contains("the address is"), "\(reason)")
            #expect(sink.pushes.count == 1)
        }
    }

    @Test(
        "However a name's address is written, loopback is for logins from here, and never this server's own port",
        arguments: [
            "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1", "2002:7f00:1::",
        ])
    func loopback(_ answer: String) async throws {
        let answers = Answers([answer])
        #expect(
            await push(try pusher(answers), port: 9_000, from: Self.afar)
                == .failed("\(CallbackGuard.Refusal.loopback)"))
        for (origin, allowed) in [(Self.here, []), (Self.afar, [IPRange("0.0.0.0/0")!, IPRange("::/0")!])] {
            #expect(
                await push(try pusher(answers, allowed: allowed), port: Self.ownPort, from: origin)
                    == .failed("\(CallbackGuard.Refusal.ownPort)"))
        }
    }

    @Test("A name that there is not has failed")
    func unknown() async throws {
        let pusher = try HTTPCallbackPusher(
            callbackGuard: CallbackGuard(allowed: [], allowsLocalLoopback: true, ownPorts: { [] }),
            group: MultiThreadedEventLoopGroup.singleton, trustRoots: .default
        ) { host, port in throw SocketAddressError.unknown(host: host, port: port) }
        guard case .failed = await push(pusher, port: 9_000) else {
            Issue.record("it was reached")
            return
        }
    }
}
