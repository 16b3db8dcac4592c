import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The server under load.
struct Endpoint: Sendable {
    struct BadURL: Error {}

    let host: String
    let port: Int
    private let tls: NIOSSLContext?

    init(_ text: String) throws {
        guard let url = URL(string: text), let host = url.host(), let scheme = url.scheme else { throw BadURL() }
        self.host = host
        port = url.port ?? (scheme == "https" ? 443 : 80)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        tls = scheme == "https" ? try NIOSSLContext(configuration: configuration) : nil
    }

    /// A connection that ends in the given handler, behind an HTTP/1.1 client's.
    func connect(_ handler: @escaping @Sendable () -> any ChannelHandler) async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(handler())
                }
            }
            .connect(host: host, port: port).get()
    }

    func head(_ method: HTTPMethod, _ path: String, by person: Person, more: [(String, String)] = []) -> HTTPRequestHead {
        let headers = HTTPHeaders([("Host", host), ("Authorization", "Bearer \(person.token)")] + more)
        return HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
    }
}
