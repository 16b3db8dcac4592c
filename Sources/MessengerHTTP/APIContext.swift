import HTTPTypes
import Hummingbird
import MessengerCore
import NIOCore

/// What a route knows about its request beside the request.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Names the request in the log and in the answer.
    let requestID = RequestID().description
    /// Set by `EntryMiddleware`.
    var origin = ClientOrigin(address: IPAddress(bytes: [0, 0, 0, 0])!, wasForwarded: true)
    var preferences = Preferences(accept: nil)

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

extension ClientOrigin {
    /// Nil when the peer has no IP address. A trusted proxy's `X-Forwarded-For` names the client: the rightmost entry that
    /// is no trusted proxy itself; an entry that is no address means that the peer is the client.
    init?(peer: SocketAddress?, headers: HTTPFields, trustedProxies: [IPRange]) {
        guard let peer = peer?.ipAddress.flatMap({ IPAddress($0) }) else { return nil }
        func isTrusted(_ address: IPAddress) -> Bool { trustedProxies.contains { $0.contains(address) } }
        let wasForwarded = headers.contains { field in
            let name = field.name.canonicalName
            return name == "forwarded" || name == "via" || name.hasPrefix("x-forwarded-")
        }
        var client = peer
        if isTrusted(peer) {
            let entries = headers[values: .xForwardedFor].joined(separator: ",").split(separator: ",")
            for entry in entries.reversed() {
                guard let address = IPAddress(entry.filter { !$0.isWhitespace }) else {
                    client = peer
                    break
                }
                client = address
                if !isTrusted(address) { break }
            }
        }
        self.init(address: client, wasForwarded: wasForwarded)
    }
}

extension HTTPField.Name {
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let xRequestID = HTTPField.Name("X-Request-Id")!
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
}
