import Foundation
import MessengerAPI
import Testing

@testable import MessengerCore

@Suite("Small values")
struct ValueTests {
    @Test(
        "Send dates that count",
        arguments: [
            "2026-01-02 03:04:05", "2026-01-02T03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123Z",
            "2026-01-02T03:04:05,5+01:00", "2024-02-29 00:00:00", "2026-01-02", "2026-12-31T23:59:60Z", "2026-01-02T03:04",
            "2026-01-02T03:04:05-0330", "2026-01-02T03:04:05+01", "20260102T030405Z", "20260102T0304", "20260102",
            "20260102T030405.5+0100",
        ])
    func dates(_ text: String) { #expect(SendDate.isValid(text)) }

    @Test(
        "Send dates that do not",
        arguments: [
            "", "yesterday", "2026-1-2 03:04:05", "2026-13-01 00:00:00", "2026-02-29 00:00:00", "1900-02-29",
            "2026-01-02 24:00:00",
            "2026-01-02 03:60:00", "2026-01-02 03:04:61", "2026-01-02 03:04:05 ", "2026-01-02 03:04:05x", "2026-01-02T03:04:05.Z",
            "2026-01-02T03", "2026-01-02T", "2026-0102", "202601-02", "20260102T03:04:05", "20260102T0304056",
            "2026-01-02T03:04:05+25:00", "2026-01-02T03:04:05Z1", "２０26-01-02",
            "2026-01-02T03:04:05.00000000000000000000000000000Z",
        ])
    func noDates(_ text: String) { #expect(!SendDate.isValid(text)) }

    @Test("Usernames are normalised, and refused when they could deceive")
    func usernames() {
        #expect(Username("e\u{301}")?.text.utf8.count == 2)
        #expect(Username("é") == Username("e\u{301}"))
        #expect(Username("Ann") != Username("ann"))
        #expect(Username(String(repeating: "😀", count: 64)) != nil)
        let refused = [
            "", " ann", "ann ", "an\nn", "a\u{0}", "\u{202E}ann", "a\u{2066}b", "a\u{2028}b", "\u{A0}a", "a\u{7F}",
            String(repeating: "a", count: 65), "\u{200F}",
        ]
        for name in refused { #expect(Username(name) == nil, "\(name.debugDescription)") }
        #expect(Username("a b") != nil)
        #expect(Username("アン") != nil)
    }

    @Test("A phone number is the same however people group it")
    func phones() {
        let key = [UInt8](repeating: 1, count: 32)
        #expect(PhoneNumber("+1 (555) 12-34")?.fingerprint(key: key) == PhoneNumber("+15551234")?.fingerprint(key: key))
        #expect(PhoneNumber("+15551234")?.fingerprint(key: key) != PhoneNumber("+15551234")?.fingerprint(key: [2]))
        #expect(PhoneNumber("") == nil)
        #expect(PhoneNumber(" - ") == nil)
        #expect(PhoneNumber(String(repeating: "1", count: 33)) == nil)
    }

    @Test("Durations are read with their unit")
    func durations() {
        #expect(Duration(setting: "90s") == .seconds(90))
        #expect(Duration(setting: "30d") == .days(30))
        for text in ["", "5", "0s", "-1d", "1.5h", "1w", "99999999999999999999d", "9223372036854775807d"] {
            #expect(Duration(setting: text) == nil, "\(text)")
        }
    }

    @Test("Idempotency keys are 1 to 64 visible ASCII characters")
    func keys() {
        #expect(IdempotencyKey("a") != nil)
        #expect(IdempotencyKey(String(repeating: "~", count: 64)) != nil)
        for text in ["", " ", "a b", "é", "a\n", String(repeating: "a", count: 65)] { #expect(IdempotencyKey(text) == nil) }
    }

    @Test("The signature is that of Standard Webhooks' published example")
    func signature() {
        let secret = Array(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")!)
        func headers(_ secrets: [[UInt8]]) -> [String] {
            WebhookSignature.headers(
                id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: Timestamp(milliseconds: 1_614_265_330_999),
                body: Array(#"{"test": 2432232314}"#.utf8), secrets: secrets
            ).map(\.value)
        }
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        #expect(headers([secret]) == ["msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", signature])
        #expect(headers([[1], secret])[2].split(separator: " ").last.map(String.init) == signature)
        #expect(WebhookSignature.text(ofSecret: secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    @Test("Passwords are checked whole, U+0000 and all")
    func passwords() async throws {
        let hasher = PasswordHasher(cost: .trivial, workers: 2)
        let hash = try await hasher.hash("pass\u{0}word")
        #expect(hash.hasPrefix("$argon2id$"))
        #expect(try await hasher.verify("pass\u{0}word", against: hash))
        #expect(try await !hasher.verify("pass\u{0}worx", against: hash))
        #expect(try await !hasher.verify("decoy", against: nil))
        #expect(try await !hasher.verify("!", against: "!"))
        let standard = PasswordHasher()
        #expect(try await standard.hash("12345678").contains("m=19456,t=2,p=1"))
    }

    @Test("The pool takes so many passwords and no more")
    func busyPool() async throws {
        let hasher = PasswordHasher(workers: 1)
        let refused = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<80 {
                group.addTask {
                    do {
                        _ = try await hasher.hash("12345678")
                        return false
                    } catch {
                        return error is PasswordHasher.Busy
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused > 0 && refused <= 15)
    }
}
