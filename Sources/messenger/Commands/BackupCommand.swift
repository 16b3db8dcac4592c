import ArgumentParser
import MessengerClient
import MessengerCrypto

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write history and contacts into a file that the recovery secret opens.",
        discussion: "Example:\n  messenger backup ann.backup")

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let output = options.output
        let file = file
        try await options.withMessenger { messenger in
            let secret = try await messenger.recoverySecret() ?? RecoverySecret.asked()
            try await messenger.backup(to: file, recovery: secret)
            output.result(["event": "backed-up", "file": file], line: "Written to \(file).")
        }
    }
}
