import ArgumentParser
import ClusterBackend
import Logging

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the schema of a PostgreSQL database up to date.",
        discussion: """
            Makes the schema in an empty database. Listeners and senders of the version before may run meanwhile.

            Example:
              messenger-server migrate --database postgres://messenger@db/messenger
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let run = ServerRun(try await Settings.load(flags: options.given, file: options.config))
        let (from, to) = try await PostgresBackend.migrate(try run.settings.postgres(for: "migrate"), logger: run.logger)
        print(from == to ? "The schema is up to date (version \(to))." : "The schema went from version \(from) to \(to).")
    }
}
