import ArgumentParser
import Glibc

@main
struct MessengerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messenger",
        abstract: "Chat, end-to-end encrypted, over a messenger server of your own.",
        discussion: """
            Start with `messenger register ann --server HOST`. Each subcommand explains itself with --help.

            Exit status:
            \(ExitStatus.table)
            """,
        subcommands: [
            RegisterCommand.self, LoginCommand.self, LogoutCommand.self, SendCommand.self, ChatCommand.self, InboxCommand.self,
            GroupCommand.self, TimerCommand.self, SaveCommand.self, DevicesCommand.self, VerifyCommand.self, LinkCommand.self,
            BackupCommand.self, RestoreCommand.self, ExportCommand.self, RenewSecretCommand.self, ResetCommand.self,
            CompletionCommand.self,
        ])

    static func main() async {
        // Everything that is written is its owner's alone.
        umask(0o077)
        // A closed pipe is noticed where it is written to.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Output(isJSON: CommandLine.arguments.contains("--json")).failure(failure)
            Glibc.exit(failure.status.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
