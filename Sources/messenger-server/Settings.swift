import ClusterBackend
import Configuration
import Foundation
import Logging
import MessengerCore
import MessengerHTTP

/// Every setting, read and checked.
struct Settings {
    var server = ServerSettings()
    /// Nil keeps everything in the data folder.
    var database: PostgresAddress?
    /// Nil is the one within the process.
    var broker: RabbitMQAddress?
    var logLevel = Logger.Level.info
    var logFormat = LogLineFormat.text

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    static let names: Set<String> = [
        "host", "port", "data-dir", "cert-dir", "no-tls", "rate-limit", "rate-burst", "rate-exempt", "trusted-proxies",
        "callback-allow", "registration", "open-delete", "message-ttl", "blob-limit", "blob-ttl", "min-free", "database",
        "broker",
        "log-level", "log-format",
        "config",
    ]
    private static let environmentPrefix = "MESSENGER_"

    /// Flags first, then `MESSENGER_…` in the environment, then the file, then the defaults. Throws `Invalid`.
    static func load(
        flags: [String: [String]], file: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> Settings {
        var variables: [String: String] = [:]
        for (name, value) in environment where name.hasPrefix(environmentPrefix) {
            variables[String(name.dropFirst(environmentPrefix.count))] = value
        }
        var providers: [any ConfigProvider] = [
            provider("flags", flags), EnvironmentVariablesProvider(environmentVariables: variables),
        ]
        if let path = file ?? variables["CONFIG"] { providers.append(try self.file(path)) }
        return try await Settings(Reader(config: ConfigReader(providers: providers)))
    }

    private static func file(_ path: String) throws -> any ConfigProvider {
        do {
            let values = try JSONDecoder().decode([String: FileValue].self, from: Data(contentsOf: URL(filePath: path)))
            if let unknown = values.keys.sorted().first(where: { !names.contains($0) }) {
                throw Invalid(description: "\(path): there is no setting \"\(unknown)\"; they are named like the flags in --help")
            }
            return provider(path, values.mapValues(\.texts))
        } catch let error as Invalid {
            throw error
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            guard let name = context.codingPath.first?.stringValue else {
                throw Invalid(description: "\(path) is not a JSON object of settings")
            }
            throw Invalid(description: "\(name): the value in \(path) has the wrong type")
        } catch {
            throw Invalid(description: "\(path) cannot be read as a JSON file of settings: \(error.localizedDescription)")
        }
    }

    private static func provider(_ name: String, _ values: [String: [String]]) -> InMemoryProvider {
        let values = values.map { (AbsoluteConfigKey([$0]), ConfigValue(.stringArray($1), isSecret: false)) }
        return InMemoryProvider(name: name, values: Dictionary(uniqueKeysWithValues: values))
    }

    private init(_ read: Reader) async throws {
        if let host = try await read.text("host") { server.host = host }
        if let port = try await read.number("port", in: 0...65_535) { server.port = port }
        if let folder = try await read.text("data-dir") { server.dataFolder = folder }
        if let folder = try await read.text("cert-dir") { server.certificateFolder = folder }
        if try await read.flag("no-tls") { server.certificateFolder = nil }
        if let rate = try await read.number("rate-limit", in: 0...1_000_000) { server.rateLimit.perSecond = rate }
        if let burst = try await read.number("rate-burst", in: 1...10_000_000) { server.rateLimit.burst = burst }
        server.rateLimit.exempt = try await read.ranges("rate-exempt")
        server.trustedProxies = try await read.ranges("trusted-proxies")
        server.callbackAllow = try await read.ranges("callback-allow")
        server.openDelete = try await read.flag("open-delete")
        if let value = try await read.converted("registration", "open, invite or closed", { Accounts.Registration(rawValue: $0) })
        {
            server.registration = value
        }
        if let value = try await read.converted("message-ttl", "such as 90s, 15m, 12h or 30d", { Duration(setting: $0) }) {
            server.messageTTL = value
        }
        if let value = try await read.converted("blob-limit", "bytes from 1, or such as 64M", Self.blobSize) {
            server.blobs.blobBytes = value
        }
        if let value = try await read.converted("blob-ttl", "such as 90s, 15m, 12h or 30d", { Duration(setting: $0) }) {
            server.blobs.lifetime = value
        }
        if let value = try await read.converted("min-free", "bytes, or such as 256M", Self.size) {
            server.minimumFreeDisk = value
        }
        database = try await read.address("database", unless: "sqlite") { try PostgresAddress($0) }
        broker = try await read.address("broker", unless: "local") { try RabbitMQAddress($0) }
        let levels = "trace, debug, info, notice, warning, error or critical"
        if let value = try await read.converted("log-level", levels, { Logger.Level(rawValue: $0) }) { logLevel = value }
        if let value = try await read.converted("log-format", "text or json", { LogLineFormat(rawValue: $0) }) {
            logFormat = value
        }
    }

    /// Throws `Invalid` for what only a scaled-out installation has.
    func assertEmbedded() throws {
        guard database == nil, broker == nil else {
            throw Invalid(
                description:
                    "serve keeps everything in its data folder; with --database and --broker run listener and sender instead")
        }
    }

    /// What `role` needs. Throws `Invalid` when it is not named.
    func cluster(for role: String) throws -> (PostgresAddress, RabbitMQAddress) {
        let database = try postgres(for: role)
        guard let broker else {
            throw Invalid(description: "\(role) needs --broker amqp://user@host/vhost (or MESSENGER_BROKER)")
        }
        return (database, broker)
    }

    func postgres(for role: String) throws -> PostgresAddress {
        guard let database else {
            throw Invalid(description: "\(role) needs --database postgres://user@host/name (or MESSENGER_DATABASE)")
        }
        return database
    }

    /// Plain HTTP is for listeners behind a proxy, and none is named.
    var isBehindUnknownProxy: Bool { server.certificateFolder == nil && server.trustedProxies.isEmpty }

    /// Up to 1 TiB: a user may have several.
    private static func blobSize(_ text: String) -> Int? { size(text).flatMap { (1...(1 << 40)).contains($0) ? $0 : nil } }

    private static func size(_ text: String) -> Int? {
        let factors: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        guard let last = text.last else { return nil }
        guard let factor = factors[Character(last.uppercased())] else { return Int(text).flatMap { $0 >= 0 ? $0 : nil } }
        guard let count = Int(text.dropLast()), count >= 0 else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }
}

/// A value in a settings file: text, a number or a switch, or a list of texts.
private struct FileValue: Decodable {
    let texts: [String]

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            texts = [text]
        } else if let number = try? value.decode(Int.self) {
            texts = ["\(number)"]
        } else if let isOn = try? value.decode(Bool.self) {
            texts = ["\(isOn)"]
        } else {
            texts = try value.decode([String].self)
        }
    }
}

/// Reads one setting at a time: nil when nobody names it, an error that names it when its value is no good. A setting is
/// one text in the environment, and a list of texts as a flag or in the file.
private struct Reader {
    let config: ConfigReader

    /// All values of a setting; text that holds commas is a list.
    func list(_ name: String) async throws -> [String]? {
        guard let text = try await given(name) else { return nil }
        return text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    func text(_ name: String) async throws -> String? {
        let text = try await given(name)
        if text?.isEmpty == true { throw Settings.Invalid(description: "\(name): the value is empty") }
        return text
    }

    /// As it was given; repeated flags and lists with commas between.
    private func given(_ name: String) async throws -> String? {
        let key = ConfigKey([name])
        if let text = try? await config.fetchString(forKey: key) { return text }
        return try await config.fetchStringArray(forKey: key)?.joined(separator: ",")
    }

    func converted<Value>(_ name: String, _ expected: String, _ convert: (String) -> Value?) async throws -> Value? {
        guard let text = try await text(name) else { return nil }
        guard let value = convert(text) else { throw Settings.Invalid(description: "\(name): \"\(text)\" is not \(expected)") }
        return value
    }

    /// Nil when it is not named, or is `local`; what is wrong with it says `parse`.
    func address<Address>(_ name: String, unless local: String, _ parse: (String) throws -> Address) async throws -> Address? {
        guard let text = try await text(name), text != local else { return nil }
        do { return try parse(text) } catch { throw Settings.Invalid(description: "\(name): \(error)") }
    }

    func number(_ name: String, in range: ClosedRange<Int>) async throws -> Int? {
        try await converted(name, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func flag(_ name: String) async throws -> Bool {
        try await converted(name, "true or false") { text in
            ["true": true, "1": true, "yes": true, "false": false, "0": false, "no": false][text.lowercased()]
        } ?? false
    }

    func ranges(_ name: String) async throws -> [IPRange] {
        try await (list(name) ?? []).filter { !$0.isEmpty }.map { text in
            guard let range = IPRange(text) else {
                throw Settings.Invalid(description: "\(name): \"\(text)\" is not a range such as 10.0.0.0/8 or fd00::/8")
            }
            return range
        }
    }
}
