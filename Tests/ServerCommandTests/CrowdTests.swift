import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Plain connections by the thousand: blocking sockets, which cost this process a file and nothing else.
final class Crowd: Sendable {
    private static let request = Array("GET /health HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

    private let port: Int
    private let state = Mutex<[Int32]>([])

    var count: Int { state.withLock { $0.count } }

    init(port: Int) { self.port = port }
    deinit { leave() }

    /// So many more connections; returns how many the server took. With `asks`, each has made one request and idles then.
    func come(_ count: Int, asks: Bool) async -> Int {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: (0..<count).count { _ in self.connect(asks: asks) }) }
        }
    }

    func leave() {
        let descriptors = state.withLock { descriptors in
            defer { descriptors = [] }
            return descriptors
        }
        for descriptor in descriptors { close(descriptor) }
    }

    private func connect(asks: Bool) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        state.withLock { $0.append(descriptor) }
        guard isConnected, asks else { return isConnected }
        var answer = [UInt8](repeating: 0, count: 1_024)
        return send(descriptor, Self.request, Self.request.count, Int32(MSG_NOSIGNAL)) == Self.request.count
            && recv(descriptor, &answer, answer.count, 0) > 0
    }
}

/// More connections than a server likes, and a server that is held still.
@Suite(.timeLimit(.minutes(5)))
struct CrowdTests {
    private func port(of server: ServerProcess) throws -> Int {
        try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
    }

    @Test func `10,000 idle connections leave room and time for one that is not`() async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try await ServerProcess.run(["--no-tls"]) { server in
            let crowd = Crowd(port: try port(of: server))
            #expect(await crowd.come(10_000, asks: true) == 10_000)
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                for number in 1...20 {
                    #expect(try await ann.send("\(number)", to: ann.id).status == 200)
                    let event = try await events.next()
                    #expect(event?.message?.message == "\(number)")
                }
            }
            crowd.leave()
            let (code, time) = try await server.terminate()
            #expect(code == 0 && time < .seconds(10), "\(code) after \(time)")
        }
    }

    @Test(arguments: [64, 100])
    func `Out of file descriptors, it goes on for those it has, and for others when some have gone`(files: Int) async throws {
        let few = ServerProcess.Surroundings(launcher: ["prlimit", "--nofile=\(files):\(files)"])
        try await ServerProcess.run(in: few, ["--no-tls"]) { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                // From now on the client has a second connection.
                #expect(try await client.call("GET", "/health").status == 200)
                let crowd = Crowd(port: try port(of: server))
                _ = await crowd.come(300, asks: false)
                for number in 1...5 {
                    #expect(try await ann.send("\(number)", to: ann.id).status == 200)
                    let event = try await events.next()
                    #expect(event?.message?.message == "\(number)")
                }
                #expect(server.isRunning)
                crowd.leave()
                try await eventually("others are answered") {
                    (try? await TestClient(server.url).call("GET", "/health", timeout: .seconds(2)).status) == 200
                }
            }
            #expect(try await server.terminate().code == 0)
        }
    }

    @Test func `Held still and let go, it answers everyone, in order, and once`() async throws {
        try await ServerProcess.run { server in
            let client = TestClient(server.url)
            let ann = try await TestUser.make(on: client)
            try await client.stream(token: ann.token) { events in
                _ = try await events.next()
                for round in 1...3 {
                    server.signal(SIGSTOP)
                    async let statuses = withThrowingTaskGroup(of: Int.self) { group in
                        for number in 1...20 {
                            group.addTask { try await ann.send("x", to: ann.id, key: "\(round).\(number)").status }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    try await eventually("it is held") { try Self.state(of: server.id) == "T" }
                    server.signal(SIGCONT)
                    let answers = try await statuses
                    #expect(answers == Array(repeating: 200, count: 20))
                    let numbers = try await events.take(20).compactMap { $0.message?.messageID.rawValue }
                    #expect(numbers == Array(Int64(20 * round - 19)...Int64(20 * round)))
                }
            }
            #expect(try await server.terminate().code == 0)
        }
    }

    /// As the system has it: `R`, `S`, `T` when stopped.
    private static func state(of process: pid_t) throws -> Substring? {
        let status = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status.split(separator: ")").last?.split(separator: " ").first
    }
}
