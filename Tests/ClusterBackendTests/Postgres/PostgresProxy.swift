import Dispatch
import Foundation
import Glibc
import Synchronization
import TestSupport

/// Stands between a backend and PostgreSQL and reads along, so that a test can break a connection at its COMMIT.
final class PostgresProxy: Sendable {
    enum Fault: Sendable {
        /// What was sent before the COMMIT is passed on, the COMMIT is not; then both sides are cut off.
        case cutBefore
        /// The COMMIT is passed on; its answer is not, and both sides are cut off.
        case cutAfter
        /// The same, and from then on nobody is let through.
        case leave
        /// The COMMIT is passed on when the test says so.
        case hold(DispatchSemaphore)
        /// The COMMIT is passed on while this happens.
        case call(@Sendable () -> Void)
    }

    private struct PortTaken: Error {}

    let port: Int
    private let server: Int
    private let listener: Int32
    private let fault = Mutex<Fault?>(nil)
    private let seen = Mutex(0)
    private let open = Mutex<[Int32]>([])
    private let away = Mutex(false)

    /// How many COMMITs were met by a fault.
    var faults: Int { seen.withLock { $0 } }

    /// While it is true new connections are closed at once.
    var isAway: Bool {
        get { away.withLock { $0 } }
        set { away.withLock { $0 = newValue } }
    }

    /// Lets the next COMMIT on any connection meet this.
    func meetNextCommit(_ fault: Fault) { self.fault.withLock { $0 = fault } }

    static func run<Value>(to server: Int, _ body: (PostgresProxy) async throws -> Value) async throws -> Value {
        let proxy = try PostgresProxy(to: server)
        defer { proxy.stop() }
        return try await body(proxy)
    }

    private init(to server: Int) throws {
        self.server = server
        port = try LoopbackPorts.free()
        listener = Self.makeSocket()
        let bound = Self.withAddress(port) { [listener] in bind(listener, $0, $1) }
        guard bound == 0, listen(listener, 64) == 0 else { throw PortTaken() }
        Thread.detachNewThread { [self] in acceptAll() }
    }

    private func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        cutAll()
    }

    /// Breaks every connection that there is.
    func cutAll() { for descriptor in open.withLock({ $0 }) { shutdown(descriptor, Int32(SHUT_RDWR)) } }

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            let upstream = Self.makeSocket()
            guard !isAway, Self.withAddress(server, { connect(upstream, $0, $1) }) == 0 else {
                close(client)
                close(upstream)
                continue
            }
            open.withLock { $0 += [client, upstream] }
            let relay = Relay(client: client, server: upstream)
            Thread.detachNewThread { [self] in relay.passRequests(takeFault: takeFault) }
            Thread.detachNewThread { relay.passAnswers() }
        }
    }

    private func takeFault() -> Fault? {
        guard let fault = fault.withLock({ $0.take() }) else { return nil }
        if case .leave = fault { isAway = true }
        seen.withLock { $0 += 1 }
        return fault
    }

    private static func makeSocket() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

/// One connection through the proxy: a thread for each direction.
private final class Relay: Sendable {
    private let client, server: Int32
    private let swallowsAnswer = Mutex(false)

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    func passRequests(takeFault: () -> PostgresProxy.Fault?) {
        var reader = FrontendReader()
        while let bytes = Self.read(client) {
            for message in reader.take(bytes) {
                if message.isCommit, let fault = takeFault() {
                    switch fault {
                    case .cutBefore: return cut()
                    case .cutAfter, .leave: swallowsAnswer.withLock { $0 = true }
                    case .hold(let semaphore): semaphore.wait()
                    case .call(let action): action()
                    }
                }
                guard Self.write(message.bytes, to: server) else { return cut() }
            }
        }
        cut()
    }

    func passAnswers() {
        while let bytes = Self.read(server) {
            if swallowsAnswer.withLock({ $0 }) {
                // The answers of the statements before it are of no interest either: the server has the COMMIT, or gets it now.
                if Self.endsFlight(bytes) { break }
            } else if !Self.write(bytes, to: client) {
                break
            }
        }
        cut()
    }

    private func cut() {
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(server, Int32(SHUT_RDWR))
    }

    /// `ReadyForQuery`, outside of a transaction: the last six bytes of what a COMMIT is answered.
    private static func endsFlight(_ bytes: [UInt8]) -> Bool {
        bytes.suffix(6) == [UInt8(ascii: "Z"), 0, 0, 0, 5, UInt8(ascii: "I")]
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }
}
