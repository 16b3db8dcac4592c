import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOSSL

/// A TLS connection, on which the client chooses HTTP/1.1 or HTTP/2.
struct SecureFront: HTTPChannelHandler {
    struct Value: ServerChildChannelValue {
        let version: EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Front.Value, HTTP2Front.Value>>
        let channel: any Channel
    }

    private let tls: NIOSSLContext
    private let http1: HTTP1Front
    private let http2: HTTP2Front
    let responder: Responder

    init(tls: TLSConfiguration, settings: FrontSettings, responder: @escaping Responder) throws {
        var tls = tls
        tls.applicationProtocols = NIOHTTP2SupportedALPNProtocols
        self.tls = try NIOSSLContext(configuration: tls)
        self.responder = responder
        http1 = HTTP1Front(settings: settings, responder: responder)
        http2 = HTTP2Front(settings: settings, responder: responder)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
        }.flatMap {
            channel.configureHTTP2AsyncSecureUpgrade {
                http1.setup(channel: $0, logger: logger)
            } http2ConnectionInitializer: {
                http2.setup(channel: $0, logger: logger)
            }
        }.map { Value(version: $0, channel: channel) }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.version.get() {
            case .http1_1(let value): await http1.handle(value: value, logger: logger)
            case .http2(let value): await http2.handle(value: value, logger: logger)
            }
        } catch {
            logger.debug("TLS connection ended", metadata: ["error": "\(error)"])
        }
    }
}
