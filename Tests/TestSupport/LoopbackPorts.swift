import Glibc
import Synchronization

/// Ports for services that cannot choose one themselves, or that must find theirs free when they start again: below those
/// that the system gives to connections.
public enum LoopbackPorts {
    public struct NoneFree: Error {}

    private static let range = 20_000..<32_000
    /// Given to other tests of this process.
    private static let taken = Mutex<Set<Int>>([])

    public static func free() throws -> Int {
        for _ in 0..<1_000 {
            let port = Int.random(in: range)
            if taken.withLock({ $0.insert(port).inserted }), isFree(port) { return port }
        }
        throw NoneFree()
    }

    /// Whether a service listens there.
    public static func answers(_ port: Int) -> Bool { withSocket { connect($0, $1, $2) == 0 }(port) }

    private static func isFree(_ port: Int) -> Bool { withSocket { bind($0, $1, $2) == 0 }(port) }

    private static func withSocket(
        _ body: @escaping (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> (Int) -> Bool {
        { port in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }
}
