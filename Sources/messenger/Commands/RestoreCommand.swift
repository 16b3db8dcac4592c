import ArgumentParser
import MessengerClient
import MessengerCrypto

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring history and contacts back from a backup; what is here stays.",
        discussion: "Log in first, with --recover if all devices are lost.\n\nExample:\n  messenger restore ann.backup")

    @Argument(help: "The file to read.", completion: .file())
    var file: String

    @OptionGroup var options: ClientOptions

    private struct Line: Encodable {
        let event = "restored"
        let messages: Int
    }

    func run() async throws {
        let output = options.output
        let file = file
        try await options.withMessenger { messenger in
            let secret = try await messenger.recoverySecret() ?? RecoverySecret.asked()
            let count = try await messenger.restore(from: file, recovery: secret)
            output.result(Line(messages: count), line: "\(count) messages brought back.")
        }
    }
}
