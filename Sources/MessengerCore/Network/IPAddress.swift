#if canImport(Glibc)
    import Glibc
#endif

/// An IPv4 or IPv6 address in network byte order.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes.
    public let bytes: [UInt8]

    /// Nil unless there are 4 or 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads the usual text forms, IPv6 with or without brackets, without a zone.
    public init?(_ text: String) {
        let text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        guard !text.utf8.contains(0) else { return nil }
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = four
            return
        }
        var sixteen = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        bytes = sixteen
    }

    public var isIPv4: Bool { bytes.count == 4 }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = bytes.withUnsafeBytes { inet_ntop(isIPv4 ? AF_INET : AF_INET6, $0.baseAddress, &text, socklen_t(text.count)) }
        return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    private static let embeddings: [[UInt8]] = [
        // IPv4-mapped, ::ffff:0:0/96, and as stateless translators write it, ::ffff:0:0:0/96 (RFC 2765).
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], [0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0],
        // NAT64, 64:ff9b::/96 (RFC 6052).
        [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    private static let localNAT64: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 1]
    private static let sixToFour: [UInt8] = [0x20, 0x02]

    /// The IPv4 address inside an IPv4-mapped, IPv4-compatible (`::/96`), NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`) or 6to4
    /// (`2002::/16`) address; any other address as it is.
    public var unwrapped: IPAddress {
        guard !isIPv4 else { return self }
        if bytes.starts(with: Self.sixToFour) { return IPAddress(bytes: Array(bytes[2..<6]))! }
        let isCompatible = bytes[..<12].allSatisfy { $0 == 0 } && bytes[12] != 0
        let isTranslated = (Self.embeddings + [Self.localNAT64]).contains { bytes.starts(with: $0) }
        guard isCompatible || isTranslated else { return self }
        return IPAddress(bytes: Array(bytes[12...]))!
    }

    public var isLoopback: Bool {
        isIPv4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
    }

    /// Unspecified ("this network"), multicast, broadcast or link-local: no client's callback address.
    public var isNeverAllowed: Bool {
        if isIPv4 {
            return bytes[0] == 0 || bytes[0] >= 224 && bytes[0] <= 239 || bytes.starts(with: [169, 254])
                || bytes.allSatisfy { $0 == 255 }
        }
        return bytes.allSatisfy { $0 == 0 } || bytes[0] == 0xFF || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
    }

    /// What one client is: the address itself, or the /64 of an IPv6 one, since a household has that many.
    public var clientKey: String {
        let address = unwrapped
        guard !address.isIPv4, !address.isLoopback else { return address.description }
        return IPAddress(bytes: Array(address.bytes.prefix(8)) + [UInt8](repeating: 0, count: 8))!.description + "/64"
    }
}

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
public struct IPRange: Hashable, Sendable {
    private let base: [UInt8]
    private let prefix: Int

    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        base = address.bytes
        guard parts.count == 2 else {
            prefix = base.count * 8
            return
        }
        guard let length = Int(parts[1]), (0...base.count * 8).contains(length) else { return nil }
        prefix = length
    }

    /// IPv4-mapped, NAT64 and 6to4 addresses count as the IPv4 address inside.
    public func contains(_ address: IPAddress) -> Bool {
        let bytes = address.unwrapped.bytes
        guard bytes.count == base.count else { return false }
        let whole = prefix / 8
        guard bytes.prefix(whole).elementsEqual(base.prefix(whole)) else { return false }
        guard !prefix.isMultiple(of: 8) else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (prefix % 8))
        return bytes[whole] & mask == base[whole] & mask
    }
}
