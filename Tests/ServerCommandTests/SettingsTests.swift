import Foundation
import TestSupport
import Testing

@testable import messenger_server

/// Where settings come from, and what is said about bad ones.
@Suite(.timeLimit(.minutes(5)))
struct SettingsTests {
    private func load(
        flags: [String: [String]] = [:], environment: [String: String] = [:], file: String? = nil
    ) async throws -> Settings {
        let folder = try TemporaryFolder()
        let path = folder.path + "/settings.json"
        try file?.write(toFile: path, atomically: true, encoding: .utf8)
        return try await Settings.load(flags: flags, file: file == nil ? nil : path, environment: environment)
    }

    private func refusal(
        flags: [String: [String]] = [:], environment: [String: String] = [:], file: String? = nil
    ) async throws -> String {
        do {
            _ = try await load(flags: flags, environment: environment, file: file)
            return "no refusal"
        } catch let error as Settings.Invalid {
            return error.description
        }
    }

    @Test func `Without any setting the defaults are the contract's`() async throws {
        let settings = try await load()
        #expect(settings.server.host == "0.0.0.0" && settings.server.port == 5_000)
        #expect(settings.server.dataFolder == "data" && settings.server.certificateFolder == "cert")
        #expect(settings.server.rateLimit.perSecond == 100 && settings.server.rateLimit.burst == 1_000)
        #expect(settings.server.rateLimit.exempt.isEmpty && settings.server.trustedProxies.isEmpty)
        #expect(settings.server.callbackAllow.isEmpty && !settings.server.openDelete)
        #expect(settings.server.registration == .open && settings.server.messageTTL == .seconds(30 * 86_400))
        #expect(settings.server.minimumFreeDisk == 256 << 20)
        #expect(settings.logLevel == .info && settings.logFormat == .text)
    }

    @Test func `Flags come before the environment, that before the file, that before the defaults`() async throws {
        let file = #"{"host": "file", "port": 3, "data-dir": "file", "log-level": "error"}"#
        let environment = [
            "MESSENGER_HOST": "environment", "MESSENGER_PORT": "2", "MESSENGER_DATA_DIR": "environment", "PORT": "9",
        ]
        let settings = try await load(flags: ["host": ["flag"], "port": ["1"]], environment: environment, file: file)
        #expect(settings.server.host == "flag" && settings.server.port == 1)
        #expect(settings.server.dataFolder == "environment")
        #expect(settings.logLevel == .error)
        #expect(settings.server.certificateFolder == "cert")
    }

    @Test func `Every setting can come from each place`() async throws {
        let text = [
            "host": "h", "port": "1", "data-dir": "my, data", "cert-dir": "c", "rate-limit": "2", "rate-burst": "3",
            "rate-exempt": "10.0.0.0/8, fd00::/8", "trusted-proxies": "10.0.0.1", "callback-allow": "10.0.0.0/8,10.1.0.0/16",
            "registration": "invite", "open-delete": "true", "message-ttl": "12h", "min-free": "5M", "log-level": "trace",
            "log-format": "json",
        ]
        let variables = text.map { ("MESSENGER_" + $0.uppercased().replacing("-", with: "_"), $1) }
        let file = """
            {"host": "h", "port": 1, "data-dir": "my, data", "cert-dir": "c", "rate-limit": 2, "rate-burst": 3,
             "rate-exempt": ["10.0.0.0/8", "fd00::/8"], "trusted-proxies": ["10.0.0.1"],
             "callback-allow": ["10.0.0.0/8", "10.1.0.0/16"], "registration": "invite", "open-delete": true,
             "message-ttl": "12h", "min-free": 5242880, "log-level": "trace", "log-format": "json"}
            """
        for settings in [
            try await load(flags: text.mapValues { [$0] }),
            try await load(environment: Dictionary(uniqueKeysWithValues: variables)), try await load(file: file),
        ] {
            let server = settings.server
            #expect(server.host == "h" && server.port == 1 && server.dataFolder == "my, data")
            #expect(server.certificateFolder == "c" && server.rateLimit.perSecond == 2 && server.rateLimit.burst == 3)
            #expect(server.rateLimit.exempt.count == 2 && server.trustedProxies.count == 1 && server.callbackAllow.count == 2)
            #expect(server.registration == .invite && server.openDelete && server.messageTTL == .seconds(12 * 3_600))
            #expect(server.minimumFreeDisk == 5 << 20 && settings.logLevel == .trace && settings.logFormat == .json)
        }
    }

    @Test func `A switch is turned on or off by the environment and the file`() async throws {
        #expect(try await load(environment: ["MESSENGER_NO_TLS": "true"]).server.certificateFolder == nil)
        #expect(try await load(environment: ["MESSENGER_NO_TLS": "false"]).server.certificateFolder == "cert")
        #expect(try await load(file: #"{"no-tls": true}"#).server.certificateFolder == nil)
        #expect(try await load(file: #"{"no-tls": false}"#).server.certificateFolder == "cert")
    }

    @Test(arguments: [
        ("port", "x"), ("port", "-1"), ("port", "65536"), ("rate-limit", "-1"), ("rate-burst", "0"),
        ("rate-exempt", "10.0.0.0/33"), ("trusted-proxies", "proxy"), ("callback-allow", "10.0.0.0/8,10.0/8"),
        ("registration", "maybe"), ("message-ttl", "30"), ("min-free", "-1"), ("log-level", "loud"), ("log-format", "xml"),
        ("open-delete", "perhaps"), ("no-tls", "perhaps"), ("host", ""), ("data-dir", ""),
    ])
    func `A bad value is refused by name, wherever it comes from`(name: String, value: String) async throws {
        let variable = "MESSENGER_" + name.uppercased().replacing("-", with: "_")
        for refusal in [
            try await refusal(flags: [name: [value]]), try await refusal(environment: [variable: value]),
            try await refusal(file: TestClient.json([name: value])),
        ] {
            #expect(refusal.hasPrefix(name + ": "), "\(refusal)")
        }
    }

    @Test(arguments: [#"{"port": {"number": 1}}"#, #"{"port": 1.5}"#, #"{"port": null}"#, #"{"port": true}"#])
    func `A value of the wrong type in the file is refused by name`(file: String) async throws {
        let refusal = try await refusal(file: file)
        #expect(refusal.contains("port"), "\(refusal)")
    }

    @Test func `An unknown name in the file is refused`() async throws {
        #expect(try await refusal(file: #"{"prot": 1}"#).contains("\"prot\""))
    }

    @Test(arguments: ["", "port=1", "[1]", "\"port\"", "{"])
    func `A file that is no JSON object is refused by its path`(file: String) async throws {
        let refusal = try await refusal(file: file)
        #expect(refusal.contains("settings.json"), "\(refusal)")
    }

    @Test func `A file that is not there is refused by its path, also when the environment names it`() async throws {
        await #expect(throws: Settings.Invalid.self) {
            try await Settings.load(flags: [:], file: "/nowhere/settings.json", environment: [:])
        }
        #expect(try await refusal(environment: ["MESSENGER_CONFIG": "/nowhere/settings.json"]).contains("/nowhere/settings.json"))
    }

    @Test func `A file that cannot be read is refused by its path`() async throws {
        let folder = try TemporaryFolder()
        let binary = folder.path + "/binary.json"
        try Data([0xFF, 0xFE, 0x00, 0x80]).write(to: URL(filePath: binary))
        for path in [folder.path, "/proc/self/mem", binary] {
            #expect(try await refusal(environment: ["MESSENGER_CONFIG": path]).contains(path))
        }
    }
}
