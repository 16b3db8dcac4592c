import HummingbirdCore
import Logging
import NIOSSL

extension HTTPServerBuilder {
    /// The server's front: limits and deadlines, TLS when there is a certificate, HTTP/1.1 and HTTP/2.
    static func messenger(
        certificateFolder: String?, front: FrontSettings, connections: ConnectionCount, logger: Logger
    ) throws -> HTTPServerBuilder {
        guard let certificateFolder else {
            return HTTPServerBuilder { responder in
                GuardedChannel(
                    base: HTTP1Front(settings: front, responder: responder), connections: connections, times: front.times)
            }
        }
        let tls = try ServerCertificate(folder: certificateFolder, logger: logger).tlsConfiguration()
        return HTTPServerBuilder { responder in
            GuardedChannel(
                base: try SecureFront(tls: tls, settings: front, responder: responder), connections: connections,
                times: front.times)
        }
    }
}
