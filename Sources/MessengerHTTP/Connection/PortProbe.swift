import NIOCore
import NIOPosix

/// Finds out whether a port can be listened on.
public enum PortProbe {
    /// Listens for a moment. Throws what the system says.
    public static func tryToListen(host: String, port: Int) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port).get()
        try await channel.close()
    }
}
