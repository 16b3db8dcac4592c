import Foundation

/// Where a server is, and which certificate it must show.
public struct ServerAddress: Sendable, Hashable {
    static let defaultPort = 5000

    /// Scheme, host and port, without a slash at the end.
    public let url: String
    public var trust: ServerTrust

    /// - Parameter text: `host`, `host:port`, or an `https://` URL without a path. Port 5000 if none is named. Plain `http://` is
    ///   taken for loopback addresses alone. Throws `MessengerError.invalid` for anything else.
    public init(_ text: String, trust: ServerTrust = .system) throws(MessengerError) {
        let full = text.contains("://") ? text : "https://" + text
        guard let parts = URLComponents(string: full), let scheme = parts.scheme?.lowercased(), let host = parts.host,
            !host.isEmpty, ["", "/"].contains(parts.path), parts.query == nil, parts.fragment == nil, parts.user == nil
        else { throw .invalid("\(text) is not the address of a server: write it like chat.example.org:5000.") }
        switch scheme {
        case "https": break
        case "http" where Self.isLoopback(host): break
        case "http": throw .invalid("Without TLS only a server on this machine is used.")
        default: throw .invalid("A server's address begins with https://.")
        }
        url = "\(scheme)://\(host):\(parts.port ?? Self.defaultPort)"
        self.trust = trust
    }

    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "[::1]" || host == "::1"
            || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }
}
