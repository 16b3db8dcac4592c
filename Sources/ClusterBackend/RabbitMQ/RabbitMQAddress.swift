import Foundation

/// Where a broker is and who asks: `amqp://user:password@host[:5672][/vhost]`, or `amqps://` (port 5671) over TLS.
///
/// User, password, host and vhost may be percent-encoded, and must be where they hold one of `:/?#@%`. What is left out is
/// as RabbitMQ ships it: `guest`, `guest`, the vhost `/`. With `amqps`, `?cacertfile=PATH` names the authorities to trust in
/// place of the system's. Its description, which has no password, is safe to log.
public struct RabbitMQAddress: Equatable, Sendable {
    /// What is wrong with an address. It quotes nothing of it, since a password may stand anywhere in a broken one.
    public enum Invalid: Error, Equatable, CustomStringConvertible {
        case scheme, host, port, encoding, fragment, option, authoritiesWithoutTLS

        public var description: String {
            switch self {
            case .scheme: "the broker's address must begin with amqp:// or amqps://"
            case .host: "the broker's address names no host; it is amqp://user:password@host:port/vhost"
            case .port:
                "the port in the broker's address is not a number from 1 to 65535; "
                    + "in a password, write : / ? # @ % as %3A %2F %3F %23 %40 %25"
            case .encoding: "the broker's address has a character that must be written as %, two hexadecimal digits for each byte"
            case .fragment: "the broker's address has a #; in a password, write it as %23"
            case .option: "the broker's address knows one option, ?cacertfile=PATH; in a password, write ? as %3F"
            case .authoritiesWithoutTLS: "the option cacertfile in the broker's address needs amqps://"
            }
        }
    }

    public let host: String
    public let port: Int
    public let vhost: String
    public let user: String
    public let usesTLS: Bool
    /// A PEM file of the certificate authorities to trust; nil stands for the system's.
    public let authoritiesFile: String?
    let password: String

    /// Throws `Invalid`.
    public init(_ text: String) throws(Invalid) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .encoding }
        guard let mark = text.range(of: "://") else { throw .scheme }
        switch text[..<mark.lowerBound].lowercased() {
        case "amqp": usesTLS = false
        case "amqps": usesTLS = true
        default: throw .scheme
        }
        guard !text.contains("#") else { throw .fragment }
        let (location, options) = Self.split(text[mark.upperBound...], at: "?")
        let (authority, path) = Self.split(location, at: "/")

        let server: Substring
        if let at = authority.lastIndex(of: "@") {
            let (name, secret) = Self.split(authority[..<at], at: ":")
            user = try Self.decoded(name)
            password = try Self.decoded(secret ?? "")
            server = authority[authority.index(after: at)...]
        } else {
            (user, password) = ("guest", "guest")
            server = authority
        }
        let (encodedHost, digits) = try Self.hostAndPort(server)
        host = try Self.decoded(encodedHost)
        guard !host.isEmpty else { throw .host }
        port = try digits.map(Self.port) ?? (usesTLS ? 5_671 : 5_672)
        let name = try Self.decoded(path ?? "")
        vhost = name.isEmpty ? "/" : name
        authoritiesFile = try options.map(Self.authoritiesFile)
        guard authoritiesFile == nil || usesTLS else { throw .authoritiesWithoutTLS }
    }

    private static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    /// An IPv6 address stands in brackets.
    private static func hostAndPort(_ server: Substring) throws(Invalid) -> (Substring, Substring?) {
        guard server.first == "[" else { return split(server, at: ":") }
        guard let end = server.firstIndex(of: "]") else { throw .host }
        let rest = server[server.index(after: end)...]
        guard rest.isEmpty || rest.first == ":" else { throw .port }
        return (server[..<end].dropFirst(), rest.isEmpty ? nil : rest.dropFirst())
    }

    private static func port(_ digits: Substring) throws(Invalid) -> Int {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), (1...65_535).contains(port) else {
            throw .port
        }
        return port
    }

    private static func authoritiesFile(_ options: Substring) throws(Invalid) -> String {
        let (name, value) = split(options, at: "=")
        guard name == "cacertfile", let value, !value.isEmpty, !value.contains("&") else { throw .option }
        return try decoded(value)
    }

    /// U+0000 is refused, since it would end the text early for the C library.
    private static func decoded(_ text: Substring) throws(Invalid) -> String {
        guard let decoded = String(text).removingPercentEncoding, !decoded.utf8.contains(0) else { throw .encoding }
        return decoded
    }
}

extension RabbitMQAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        "\(usesTLS ? "amqps" : "amqp")://\(user)@\(place)/\(vhost == "/" ? "" : vhost)"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    var place: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
