import Testing

@testable import MessengerCore

@Suite("Callback addresses")
struct AddressTests {
    @Test("Addresses that can be pushed to")
    func addresses() {
        let plain = CallbackAddress("example.org:8080")
        #expect(plain?.host == "example.org" && plain?.port == 8_080 && plain?.path == "/" && plain?.isSecure == false)
        let secure = CallbackAddress("https://[2001:db8::1]/in?x=1")
        #expect(secure?.host == "2001:db8::1" && secure?.port == 443 && secure?.path == "/in?x=1" && secure?.isSecure == true)
        #expect(secure?.authority == "[2001:db8::1]")
        #expect(CallbackAddress("HTTP://a:81")?.authority == "a:81")
        #expect(CallbackAddress("http://a?x")?.path == "/?x")
        #expect(CallbackAddress("http://1.example/") != nil)
        #expect(CallbackAddress("http://a.LocalHost:81/")?.literal == IPAddress("127.0.0.1"))
    }

    @Test(
        "Addresses that cannot",
        arguments: [
            "", "some_ip", "example.org", "ftp://a:1", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:x",
            "a:1/x",
            "http://u@a/", "http://a/#f", "http://a b/", "http://a\r\nx: y/", "http://[::1", "http://[127.0.0.1]/", "http://é/",
            "http://a:80:80/", "http://a%00/", "http://0/", "http://0x7f000001/", "http://127.1/", "http://a.1.2/",
        ])
    func noAddresses(_ text: String) { #expect(CallbackAddress(text) == nil) }

    private func outcome(
        _ target: String, port: Int = 8_080, from origin: String = "198.51.100.7", forwarded: Bool = false,
        allow: [String] = [], local: Bool = true
    ) -> CallbackGuard.Refusal? {
        let callbackGuard = CallbackGuard(
            allowed: allow.map { IPRange($0)! }, allowsLocalLoopback: local, ownPorts: { [5_000] },
            ownAddresses: [IPAddress("198.51.100.7")!])
        do {
            try callbackGuard.check(
                IPAddress(target)!, port: port, origin: ClientOrigin(address: IPAddress(origin)!, wasForwarded: forwarded))
            return nil
        } catch {
            return error
        }
    }

    @Test("By default callbacks go to the login's own address alone")
    func ownAddress() {
        #expect(outcome("198.51.100.7") == nil)
        #expect(outcome("::ffff:198.51.100.7") == nil)
        #expect(outcome("198.51.100.8") == .otherAddress)
        #expect(outcome("10.0.0.1") == .otherAddress)
        #expect(outcome("198.51.100.7", port: 22) == .privilegedPort)
        #expect(outcome("198.51.100.7", port: 80) == nil)
        #expect(outcome("198.51.100.7", port: 443) == nil)
        #expect(outcome("2001:db8:0:1::9", from: "2001:db8:0:1::1") == nil)
        #expect(outcome("2001:db8:0:2::9", from: "2001:db8:0:1::1") == .otherAddress)
    }

    @Test("Loopback is for logins from this machine, and never this server itself")
    func loopback() {
        for target in [
            "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:7f00:1", "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1", "2002:7f00:1::",
        ] {
            #expect(outcome(target) == .loopback, "\(target)")
            #expect(outcome(target, from: "127.0.0.1") == nil, "\(target)")
            #expect(outcome(target, from: "::1") == nil, "\(target)")
            #expect(outcome(target, from: "127.0.0.1", forwarded: true) == .loopback, "\(target)")
            #expect(outcome(target, from: "127.0.0.1", local: false) == .loopback, "\(target)")
            #expect(outcome(target, port: 5_000, from: "127.0.0.1") == .ownPort, "\(target)")
            #expect(outcome(target, port: 5_000, allow: ["0.0.0.0/0", "::/0"]) == .ownPort, "\(target)")
        }
        #expect(outcome("127.0.0.1", port: 22, from: "127.0.0.1") == .privilegedPort)
        #expect(outcome("198.51.100.7", port: 5_000) == .ownPort)
    }

    @Test(
        "Some addresses are never allowed",
        arguments: [
            "0.0.0.0", "::", "169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "255.255.255.255", "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254", "::ffff:0:a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
        ])
    func never(_ target: String) { #expect(outcome(target, from: target, allow: ["0.0.0.0/0", "::/0"]) == .neverAllowed) }

    @Test("An allowed range opens its addresses and ports")
    func allowed() {
        #expect(outcome("10.1.2.3", port: 25, allow: ["10.0.0.0/8"]) == nil)
        #expect(outcome("64:ff9b::a01:203", allow: ["10.0.0.0/8"]) == nil)
        #expect(outcome("11.1.2.3", allow: ["10.0.0.0/8"]) == .otherAddress)
        #expect(outcome("127.0.0.51", allow: ["127.0.0.0/8"]) == nil)
    }

    @Test("Ranges")
    func ranges() {
        #expect(IPRange("10.0.0.0/9")!.contains(IPAddress("10.127.0.1")!))
        #expect(!IPRange("10.0.0.0/9")!.contains(IPAddress("10.128.0.1")!))
        #expect(IPRange("0.0.0.0/0")!.contains(IPAddress("1.2.3.4")!))
        #expect(IPRange("fd00::/8")!.contains(IPAddress("fdff::1")!))
        #expect(!IPRange("fd00::/8")!.contains(IPAddress("1.2.3.4")!))
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "x", "10.0.0.0/-1", "::/129"] {
            #expect(IPRange(text) == nil, "\(text)")
        }
    }

    @Test("One IPv6 household is one client")
    func clients() {
        #expect(IPAddress("2001:db8::1")!.clientKey == IPAddress("2001:db8::2:3")!.clientKey)
        #expect(IPAddress("2001:db8:0:1::1")!.clientKey != IPAddress("2001:db8:0:2::1")!.clientKey)
        #expect(IPAddress("::ffff:1.2.3.4")!.clientKey == "1.2.3.4")
    }
}
