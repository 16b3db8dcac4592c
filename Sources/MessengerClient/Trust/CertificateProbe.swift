import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Asks a server for its certificate by TLS handshakes in which nothing else is sent.
public enum CertificateProbe {
    /// There was no handshake: nobody answers there, or not with TLS.
    public struct Unreachable: Error, CustomStringConvertible {
        public let description: String
    }

    /// - Parameter timeout: of each of the two connections.
    /// - Throws: `Unreachable`.
    public static func present(host: String, port: Int, timeout: TimeAmount = .seconds(10)) async throws -> PresentedCertificate {
        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
        // What stands in SNI is a name, never an address.
        let name = (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
        let seen = Mutex<[UInt8]?>(nil)
        let failure = await handshake(host: host, port: port, timeout: timeout) {
            try NIOSSLClientHandler(context: context, serverHostname: name) { chain, verdict in
                verdict.completeWith(
                    Result {
                        guard let leaf = chain.first else { return .failed }
                        let bytes = try leaf.toDERBytes()
                        seen.withLock { $0 = bytes }
                        return .certificateVerified
                    })
            }
        }
        guard failure == nil, let bytes = seen.withLock({ $0 }) else {
            throw Unreachable(description: "no TLS handshake with \(host), port \(port)\(failure.map { ": \($0)" } ?? "")")
        }
        let refusal = await handshake(host: host, port: port, timeout: timeout) {
            try NIOSSLClientHandler(context: context, serverHostname: name)
        }
        return PresentedCertificate(bytes: bytes, isTrustedBySystem: refusal == nil)
    }

    /// Nil when the handshake went well.
    private static func handshake(
        host: String, port: Int, timeout: TimeAmount, _ makeHandler: @escaping @Sendable () throws -> NIOSSLClientHandler
    ) async -> (any Error)? {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let done = loop.makePromise(of: Void.self)
        do {
            let channel = try await ClientBootstrap(group: loop)
                .connectTimeout(timeout)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handlers: [any ChannelHandler] = [try makeHandler(), HandshakeWatch(done: done)]
                        try channel.pipeline.syncOperations.addHandlers(handlers)
                    }
                }
                .connect(host: host, port: port).get()
            let deadline = loop.scheduleTask(in: timeout) { done.fail(HandshakeWatch.TooSlow()) }
            defer {
                deadline.cancel()
                channel.close(promise: nil)
            }
            try await done.futureResult.get()
            return nil
        } catch {
            done.fail(error)
            return error
        }
    }
}
