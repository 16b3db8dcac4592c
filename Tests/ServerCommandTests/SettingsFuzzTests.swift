import Foundation
import TestSupport
import Testing

@testable import messenger_server

/// Settings bent at random: they are taken within their ranges, or refused with a word about them.
@Suite(.timeLimit(.minutes(10)))
struct SettingsFuzzTests {
    private static let file = """
        {"host": "h", "port": 1, "data-dir": "d", "rate-limit": 2, "rate-exempt": ["10.0.0.0/8"], "open-delete": true,
         "message-ttl": "12h", "min-free": "5M", "log-level": "trace", "callback-allow": "fd00::/8, 10.1.0.0/16"}
        """
    private static let values = ["5000", "10.0.0.0/8", "30d", "256M", "true", "info", "json", "invite", "10.0.0.0/8,::1/128"]
    private static let pieces = [
        "-", "+", "0", "9", "99999999999999999999", ".", ",", "/", "\"", "{", "}", "[", "]", ":", "null", "1e9", "M", "d",
        "\u{0}",
        "é", " ", "\n", "\\u0000", "\\ud800", "\"port\": 2, ", "\"x\": 1, ", "true",
    ]

    private func isFair(_ settings: Settings) -> Bool {
        let server = settings.server
        return (0...65_535).contains(server.port) && (0...1_000_000).contains(server.rateLimit.perSecond)
            && (1...10_000_000).contains(server.rateLimit.burst) && server.minimumFreeDisk >= 0 && server.messageTTL > .zero
            && !server.host.isEmpty && !server.dataFolder.isEmpty
    }

    private func load(_ name: String, flags: [String: [String]] = [:], environment: [String: String] = [:], file: String? = nil)
        async throws
    {
        do {
            let settings = try await Settings.load(flags: flags, file: file, environment: environment)
            #expect(isFair(settings), "\(name)")
        } catch let error as Settings.Invalid {
            #expect(!error.description.isEmpty, "\(name)")
        }
    }

    @Test func `A bent file is taken within the ranges, or refused`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/settings.json"
        var random = SeededRandom(seed: 9)
        for _ in 0..<Fuzz.rounds(1_000) {
            let bytes = Fuzz.bent(Array(Self.file.utf8), with: Self.pieces.map { Array($0.utf8) }, using: &random)
            try Data(bytes).write(to: URL(filePath: path))
            try await load(String(decoding: bytes, as: UTF8.self), file: path)
        }
    }

    @Test func `A bent flag or variable is taken within its range, or refused`() async throws {
        let names = Settings.names.subtracting(["config"]).sorted()
        var random = SeededRandom(seed: 10)
        for _ in 0..<Fuzz.rounds(3_000) {
            let name = names.randomElement(using: &random)!
            let value = Fuzz.bent(Self.values.randomElement(using: &random)!, with: Self.pieces, using: &random)
            try await load("--\(name) \(value)", flags: [name: [value]])
            let variable = "MESSENGER_" + name.uppercased().replacing("-", with: "_")
            try await load("\(variable)=\(value)", environment: [variable: value])
        }
    }
}
