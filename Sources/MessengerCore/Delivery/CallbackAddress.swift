/// A `user_address` that can be pushed to: `http(s)://host[:port][/path]`, or `host:port` for plain HTTP.
public struct CallbackAddress: Hashable, Sendable {
    public static let maximumLength = 2_048

    public let isSecure: Bool
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    public let port: Int
    /// Path and query; begins with `/`.
    public let path: String
    /// As the `Host` header wants it.
    public let authority: String
    /// What limits count by.
    public let destination: String

    /// Nil when the text is no such address. User names, fragments, spaces and control characters are not allowed.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let lowercased = text.lowercased()
        let hasScheme = lowercased.hasPrefix("http://") || lowercased.hasPrefix("https://")
        isSecure = lowercased.hasPrefix("https://")
        let rest = hasScheme ? text.dropFirst(isSecure ? 8 : 7) : text[...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let tail = rest[authority.endIndex...]
        guard !tail.contains("#"), !authority.contains("@") else { return nil }
        if !hasScheme, !tail.isEmpty { return nil }
        path = tail.isEmpty ? "/" : tail.hasPrefix("?") ? "/" + tail : String(tail)

        guard let (host, port) = Self.split(authority) else { return nil }
        if port == nil, !hasScheme { return nil }
        self.host = host
        let usualPort = isSecure ? 443 : 80
        self.port = port ?? usualPort
        let name = host.contains(":") ? "[\(host)]" : host
        self.authority = self.port == usualPort ? name : "\(name):\(self.port)"
        destination = self.authority.lowercased()
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        let name: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            name = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard let address = IPAddress(String(name)), !address.isIPv4 else { return nil }
        } else {
            name = authority.prefix { $0 != ":" }
            rest = authority[name.endIndex...]
            guard isHostName(name) else { return nil }
        }
        guard !rest.isEmpty else { return (String(name), nil) }
        guard rest.hasPrefix(":"), rest.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(rest.dropFirst()), (1...65_535).contains(port)
        else { return nil }
        return (String(name), port)
    }

    /// The address, where no look-up is needed to know it: `localhost` is loopback (RFC 6761).
    public var literal: IPAddress? {
        let name = host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost") ? IPAddress("127.0.0.1") : IPAddress(host)
    }

    /// A name that ends in a number is an IPv4 address or nothing: systems read `127.1` and `0x7f000001` as addresses too.
    private static func isHostName(_ name: Substring) -> Bool {
        let last = name.split(separator: ".").last ?? ""
        let isNumber = last.first?.isNumber == true && last.dropFirst().allSatisfy { $0.isHexDigit || $0 == "x" || $0 == "X" }
        if isNumber { return IPAddress(String(name))?.isIPv4 == true }
        return (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
