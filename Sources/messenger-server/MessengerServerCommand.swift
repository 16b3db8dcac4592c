import ArgumentParser
import Glibc

@main
struct MessengerServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messenger-server",
        abstract: "A self-hosted messenger behind a simple REST API.",
        discussion: """
            Start with `messenger-server serve`: it needs no other service and no configuration.
            Each subcommand explains itself with --help.
            """,
        subcommands: [
            ServeCommand.self, ListenerCommand.self, SenderCommand.self, MigrateCommand.self, CheckCommand.self,
            AdminCommand.self,
        ])

    static func main() async {
        // Everything the server writes is its owner's alone.
        umask(0o077)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}
