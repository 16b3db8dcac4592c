import Glibc
import MessengerCore
import TestSupport
import Testing

/// Addresses bent at random, judged beside the system's own reading of them.
@Suite("Bent addresses", .timeLimit(.minutes(10)))
struct AddressFuzzTests {
    private static let seeds = [
        "http://127.0.0.1:8080/in?a=b", "https://[::ffff:10.0.0.1]:8443/", "http://0x7f.1:80", "http://localhost:99/x",
        "example.org:80", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]:1", "http://017700000001:1", "a.b-c_d.e:65535",
    ]

    private static let pieces = [
        "0x", "0", "127", ".", "..", ":", "::", "[", "]", "/", "@", "#", "?", "%00", "%", "\\", " ", "\r\n", "\u{0}", "é", "１",
        "。",
        "http://", "https://", "localhost", "ffff:", "65536", "2130706433", "xn--", "fe80::1%lo",
    ]

    @Test("An address that is taken is one that can be written in a request, and reads the same again")
    func parsing() {
        var random = SeededRandom(seed: 4)
        var taken = 0
        for round in 0..<Fuzz.rounds(20_000) {
            let text = Fuzz.bent(Self.seeds[round % Self.seeds.count], with: Self.pieces, using: &random)
            guard let address = CallbackAddress(text) else { continue }
            taken += 1
            let isVisible = (address.host + address.path + address.authority).utf8.allSatisfy { (0x21...0x7E).contains($0) }
            #expect(isVisible, "\(text)")
            #expect((1...65_535).contains(address.port) && address.path.hasPrefix("/"), "\(text)")
            let again = CallbackAddress((address.isSecure ? "https://" : "http://") + address.authority + address.path)
            #expect(again == address, "\(text)")
            // What the system would connect to without a look-up is what the guard has judged.
            if let known = Self.system(address.host) { #expect(address.literal == known, "\(text)") }
        }
        #expect(taken > 1_000)
    }

    @Test("However an IPv4 address is dressed up, it is judged as what it is")
    func disguises() {
        var random = SeededRandom(seed: 5)
        let callbackGuard = CallbackGuard(
            allowed: [IPRange("10.0.0.0/9")!], allowsLocalLoopback: true, ownPorts: { [5_000] },
            ownAddresses: [IPAddress("198.51.100.7")!])
        let heads: [[UInt8]] = [[127], [10], [169, 254], [224], [0], [255, 255, 255, 255], [198, 51, 100, 7], []]
        for _ in 0..<Fuzz.rounds(5_000) {
            let head = heads.randomElement(using: &random)!
            let four = head + (head.count..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            let origins = [
                IPAddress("127.0.0.1")!, IPAddress(bytes: four)!, IPAddress("198.51.100.7")!, IPAddress("2001:db8::1")!,
            ]
            let origin = ClientOrigin(address: origins.randomElement(using: &random)!, wasForwarded: .random(using: &random))
            let port = [80, 22, 5_000, 9_000].randomElement(using: &random)!
            func verdict(_ bytes: [UInt8]) -> CallbackGuard.Refusal? {
                do {
                    try callbackGuard.check(IPAddress(bytes: bytes)!, port: port, origin: origin)
                    return nil
                } catch {
                    return error
                }
            }
            for disguise in Self.disguises(of: four) {
                #expect(verdict(disguise) == verdict(four), "\(IPAddress(bytes: disguise)!) for \(origin), port \(port)")
            }
        }
    }

    @Test("A range holds the addresses that share its first bits")
    func ranges() {
        var random = SeededRandom(seed: 6)
        for _ in 0..<Fuzz.rounds(5_000) {
            let base = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            var other = base
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                other[Int.random(in: 0..<4, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            let prefix = Int.random(in: 0...32, using: &random)
            let mask: UInt32 = prefix == 0 ? 0 : ~0 << UInt32(32 - prefix)
            let (a, b) = (Self.number(base), Self.number(other))
            let range = IPRange("\(IPAddress(bytes: base)!)/\(prefix)")
            #expect(range?.contains(IPAddress(bytes: other)!) == (a & mask == b & mask), "\(base)/\(prefix) \(other)")
        }
    }

    private static func disguises(of four: [UInt8]) -> [[UInt8]] {
        func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
        let nat64: [UInt8] = [0, 0x64, 0xFF, 0x9B]
        let ones: [UInt8] = [0xFF, 0xFF]
        let heads: [[UInt8]] = [zeros(10) + ones, zeros(8) + ones + zeros(2), nat64 + zeros(8), nat64 + [0, 1] + zeros(6)]
        let sixToFour: [UInt8] = [0x20, 0x02]
        // 0.0.0.0/8 in the compatible form is `::` and its neighbours, which are not IPv4.
        let compatible: [[UInt8]] = four[0] == 0 ? [] : [zeros(12) + four]
        return heads.map { $0 + four } + compatible + [sixToFour + four + zeros(10)]
    }

    private static func number(_ bytes: [UInt8]) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    /// What the system takes a host for when it need not look it up.
    private static func system(_ host: String) -> IPAddress? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0, let entry = list?.pointee, let address = entry.ai_addr else {
            return nil
        }
        defer { freeaddrinfo(list) }
        let raw = UnsafeRawPointer(address)
        if entry.ai_family == AF_INET {
            return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { IPAddress(bytes: Array($0)) }
        }
        return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { IPAddress(bytes: Array($0)) }
    }
}
