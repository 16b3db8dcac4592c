import ArgumentParser
import ClusterBackend
import Foundation

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the schema of a PostgreSQL database up to date, or copy an installation into one.",
        discussion: """
            Makes the schema in an empty database. Listeners and senders of the version before may run meanwhile.

            With --from, copies a stopped installation: its data folder into an empty database. Interrupted, it goes on when it is \
            run again. The copy is compared with its source at the end, and the folder is not served from any more.

            Examples:
              messenger-server migrate --database postgres://messenger@db/messenger
              messenger-server migrate --from sqlite:/var/lib/messenger --to postgres://messenger@db/messenger
            """)

    @Option(help: ArgumentHelp("The installation to copy: sqlite: and its data folder.", valueName: "address"))
    var from: String?

    @Option(
        help: ArgumentHelp("Where to copy it: postgres://user@host/name; the same as --database.", valueName: "address"))
    var to: String?

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        if to != nil, from == nil { throw ValidationError("--to goes with --from; without, name the database with --database") }
        if to != nil, options.database != nil { throw ValidationError("--to and --database say the same: give one") }
        if let from, !from.hasPrefix("sqlite:") { throw ValidationError("--from is like sqlite:/var/lib/messenger") }
    }

    func run() async throws {
        var flags = options.given
        if let to { flags["database"] = [to] }
        let run = ServerRun(try await Settings.load(flags: flags, file: options.config))
        let database = try run.settings.postgres(for: "migrate")
        guard let from else { return try await migrate(database, run) }
        let lines = ProgressLines { print($0) }
        try await SQLiteToPostgres(
            folder: URL(filePath: String(from.dropFirst("sqlite:".count))), target: database, logger: run.logger, report: lines.show
        ).run()
        print("Everything is in \(database). Start listener and sender with it; serve refuses the old folder.")
    }

    private func migrate(_ database: PostgresAddress, _ run: ServerRun) async throws {
        let (from, to) = try await PostgresBackend.migrate(database, logger: run.logger)
        print(from == to ? "The schema is up to date (version \(to))." : "The schema went from version \(from) to \(to).")
    }
}
