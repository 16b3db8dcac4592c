import ArgumentParser
import ClusterBackend
import Foundation
import Logging
import MessengerAPI
import MessengerCore
import SQLiteBackend

struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin",
        abstract: "Look after an installation; works while the server runs.",
        discussion: "Example:\n  messenger-server admin statistics",
        subcommands: [MintSessions.self, Invite.self, Users.self, Sessions.self, StatisticsCommand.self, RotateLogKey.self])

    struct DataOptions: ParsableArguments {
        @Option(help: ArgumentHelp("The server's data folder. (default: data)", valueName: "folder"))
        var dataDir: String?

        @Option(
            help: ArgumentHelp(
                "The database of a scaled-out installation, instead of a data folder; better in MESSENGER_DATABASE.",
                valueName: "address"))
        var database: String?

        /// Opens the database of an installation that there is; makes none.
        func backend() async throws -> any Administrable {
            let flags = [("data-dir", dataDir), ("database", database)].compactMap { name, value in value.map { (name, [$0]) } }
            let settings = try await Settings.load(flags: Dictionary(uniqueKeysWithValues: flags), file: nil)
            if let database = settings.database {
                return try await PostgresBackend.open(database, logger: Logger(label: "admin") { _ in SwiftLogNoOpLogHandler() })
            }
            let folder = settings.server.dataFolder
            guard SQLiteBackend.exists(in: URL(filePath: folder)) else {
                throw Settings.Invalid(description: "there is no installation in \(folder); name its folder with --data-dir")
            }
            return try SQLiteBackend(folder: URL(filePath: folder))
        }
    }

    struct MintSessions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "mint-sessions",
            abstract: "Make test users with a session each, without passwords; one JSON object a line.",
            discussion: "Example:\n  messenger-server admin mint-sessions --count 1000 > sessions.jsonl")

        @Option(help: ArgumentHelp("How many users.", valueName: "number"))
        var count: Int

        @Option(
            help: ArgumentHelp(
                "Where their messages are pushed; as if they had logged in from this machine.", valueName: "address"))
        var userAddress = ""

        @OptionGroup var data: DataOptions

        func validate() throws {
            guard (1...1_000_000).contains(count) else { throw ValidationError("--count is from 1 to 1000000") }
        }

        private struct Minted: Encodable {
            let user_id: UserID
            let username: String
            let device_id: DeviceID
            let token: String
        }

        func run() async throws {
            let backend = try await data.backend()
            let run = Data(SecureRandom.bytes(4)).map { String(format: "%02x", $0) }.joined()
            for index in 0..<count {
                let username = Username("test-\(run)-\(index)")!
                let now = TimeSource.system.now()
                // No password hash begins like this, so no password opens the account.
                let user = try await backend.register(
                    NewAccount(
                        username: username, phoneFingerprint: SecureRandom.bytes(32), passwordHash: "!", invitation: nil, now: now
                    ))
                let token = Token()
                let login = try await backend.logIn(
                    Login(
                        user: user, token: token.hash, publicKey: "", device: nil,
                        callback: CallbackRegistration(
                            address: userAddress, isPushable: CallbackAddress(userAddress) != nil,
                            origin: ClientOrigin(address: IPAddress("127.0.0.1")!, wasForwarded: false),
                            secret: SecureRandom.bytes(WebhookSignature.secretLength)),
                        now: now))
                let minted = Minted(user_id: user, username: username.text, device_id: login.device, token: token.text)
                print(String(decoding: WireJSON.encode(minted), as: UTF8.self))
            }
            try backend.close()
        }
    }

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "invite",
            abstract: "Make an invitation for one registration (--registration invite); prints its code.",
            discussion:
                "The new user sends it as `invitation` in POST /api/users/.\n\nExample:\n  messenger-server admin invite --valid 7d"
        )

        @Option(help: ArgumentHelp("How long it is good for, in s, m, h or d.", valueName: "duration"))
        var valid = "7d"

        @OptionGroup var data: DataOptions

        func run() async throws {
            guard let duration = Duration(setting: valid) else { throw ValidationError("--valid is such as 12h or 7d") }
            let backend = try await data.backend()
            let code = Token()
            try await backend.addInvitation(code.hash, expires: TimeSource.system.now() + duration)
            print(code.text)
            try backend.close()
        }
    }

    struct Users: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "users", abstract: "List the users: id, devices, waiting messages, name.",
            discussion: "Example:\n  messenger-server admin users")

        @OptionGroup var data: DataOptions

        func run() async throws {
            let backend = try await data.backend()
            var last = UserID(0)
            while case let page = try await backend.users(after: last, limit: 1_000), let end = page.last {
                for user in page { print("\(user.id)\t\(user.devices)\t\(user.waiting)\t\(user.username)") }
                last = end.id
            }
            try backend.close()
        }
    }

    struct Sessions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sessions", abstract: "List the live sessions: device, user, last use, way of delivery, name.",
            discussion: "Example:\n  messenger-server admin sessions --user 1")

        @Option(help: ArgumentHelp("Those of this user alone.", valueName: "id"))
        var user: Int64?

        @OptionGroup var data: DataOptions

        func run() async throws {
            let backend = try await data.backend()
            var last = DeviceID(0)
            while case let page = try await backend.sessions(
                of: user.map { UserID($0) }, after: last, limit: 1_000, now: TimeSource.system.now()), let end = page.last
            {
                for session in page {
                    let lastUsed = Date(timeIntervalSince1970: TimeInterval(session.lastUsed.seconds)).ISO8601Format()
                    let way = session.isPushedTo ? "pushed" : "fetched"
                    print("\(session.device)\t\(session.user)\t\(lastUsed)\t\(way)\t\(session.username)")
                }
                last = end.device
            }
            try backend.close()
        }
    }

    struct StatisticsCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "statistics", abstract: "Count users, devices, sessions and waiting messages.",
            discussion: "Example:\n  messenger-server admin statistics")

        @OptionGroup var data: DataOptions

        func run() async throws {
            let backend = try await data.backend()
            let counts = try await backend.statistics()
            print(
                """
                users     \(counts.users)
                devices   \(counts.devices)
                sessions  \(counts.sessions)
                messages  \(counts.messages) (\(counts.bytes) bytes)
                """)
            try backend.close()
        }
    }
}

/// A backend for as long as an admin command takes.
protocol Administrable: AccountStore, AdminStore, KeyLogStore {
    func close() throws
}

extension SQLiteBackend: Administrable {}
extension PostgresBackend: Administrable {}
