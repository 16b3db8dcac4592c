import ArgumentParser
import ClusterBackend
import Foundation
import Glibc
import Logging
import MessengerCore
import MessengerHTTP
import SQLiteBackend

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read the configuration, try each part it names, and say what is wrong and how to mend it.",
        discussion: """
            Takes the same settings as serve, listener and sender: with --database it checks a scaled-out installation. Changes \
            nothing. Ends with 1 when something is wrong.

            Example:
              messenger-server check --port 5000 --data-dir /var/lib/messenger
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let all: Settings
        do {
            all = try await Settings.load(flags: options.given, file: options.config)
            Self.say(.ok, "configuration", "read")
        } catch {
            Self.say(.wrong, "configuration", "\(error)")
            throw ExitCode.failure
        }
        let settings = all.server
        let stores =
            if let database = all.database {
                [await Self.postgres(database), await Self.broker(all.broker)]
            } else {
                [Self.folder(settings), Self.database(settings), Self.disk(settings)]
            }
        let findings = stores + [Self.certificate(settings), await Self.port(settings), Self.proxies(all)]
        if findings.contains(.wrong) { throw ExitCode.failure }
    }

    private enum Finding: String { case ok, note, wrong }

    @discardableResult
    private static func say(_ finding: Finding, _ part: String, _ text: String) -> Finding {
        print("\(finding.rawValue.padding(toLength: 6, withPad: " ", startingAt: 0)) \(part): \(text)")
        return finding
    }

    private static func folder(_ settings: ServerSettings) -> Finding {
        let path = settings.dataFolder
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return say(.note, "data folder", "\(path) is not there yet; serve makes it")
        }
        guard isFolder.boolValue else { return say(.wrong, "data folder", "\(path) is a file; choose another --data-dir") }
        guard access(path, W_OK | X_OK) == 0 else {
            return say(.wrong, "data folder", "\(path) cannot be written; change its owner or choose another --data-dir")
        }
        return say(.ok, "data folder", path)
    }

    private static func database(_ settings: ServerSettings) -> Finding {
        let folder = URL(filePath: settings.dataFolder)
        do {
            guard SQLiteBackend.exists(in: folder) else {
                try SQLiteBackend.assertWhole(folder: folder)
                return say(.note, "database", "not there yet; serve makes it")
            }
            try SQLiteBackend.check(folder: folder)
            return say(.ok, "database", "SQLite in \(settings.dataFolder)")
        } catch {
            return say(.wrong, "database", "\(error)")
        }
    }

    private static func postgres(_ address: PostgresAddress) async -> Finding {
        if let problem = await PostgresBackend.check(address) { return say(.wrong, "database", problem) }
        return say(.ok, "database", "PostgreSQL at \(address)")
    }

    private static func broker(_ address: RabbitMQAddress?) async -> Finding {
        guard let address else {
            return say(.wrong, "broker", "a scaled-out installation needs --broker amqp://user@host/vhost")
        }
        if let problem = await RabbitMQBroker.check(address) { return say(.wrong, "broker", problem) }
        return say(.ok, "broker", "RabbitMQ at \(address)")
    }

    private static func certificate(_ settings: ServerSettings) -> Finding {
        guard let folder = settings.certificateFolder else {
            return say(.note, "certificate", "none: --no-tls serves plain HTTP; only for listeners behind a TLS proxy")
        }
        do {
            guard let expiry = try ServerCertificate.expiry(folder: folder) else {
                return say(.note, "certificate", "none in \(folder) yet; serve makes a self-signed pair")
            }
            let days = Int(expiry.timeIntervalSinceNow / 86_400)
            return days < 14
                ? say(.note, "certificate", "expires in \(days) days; replace it soon")
                : say(.ok, "certificate", "good for \(days) days")
        } catch {
            return say(.wrong, "certificate", "\(error)")
        }
    }

    private static func port(_ settings: ServerSettings) async -> Finding {
        do {
            try await PortProbe.tryToListen(host: settings.host, port: settings.port)
            return say(.ok, "port", "\(settings.host):\(settings.port) is free")
        } catch {
            return say(
                .wrong, "port",
                "\(settings.host):\(settings.port) cannot be used (\(error)); stop what uses it, or choose another --port")
        }
    }

    private static func disk(_ settings: ServerSettings) -> Finding {
        let folder = FileManager.default.fileExists(atPath: settings.dataFolder) ? settings.dataFolder : "."
        guard let free = FreeDisk.bytes(folder) else { return say(.wrong, "disk", "\(folder) cannot be measured") }
        let megabytes = "\(free >> 20) MiB free"
        return free < settings.minimumFreeDisk
            ? say(.wrong, "disk", "\(megabytes), less than --min-free: sends would be refused; make room")
            : say(.ok, "disk", megabytes)
    }

    private static func proxies(_ all: Settings) -> Finding {
        let settings = all.server
        if all.isBehindUnknownProxy {
            return say(
                .note, "proxies", "--no-tls without --trusted-proxies: behind a proxy, all clients would share one rate limit")
        }
        return say(
            .ok, "proxies", settings.trustedProxies.isEmpty ? "none trusted" : "\(settings.trustedProxies.count) trusted ranges")
    }
}
