import ArgumentParser
import MessengerClient

struct ResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset-account",
        abstract: "Begin a new account under your name when all devices and the recovery secret are lost.",
        discussion: """
            Log in first, into a new folder. The old account ends: its devices and backups are of no use any more, and your contacts
            are told; they compare the safety number with you anew before they write.
            """)

    @Flag(help: "Do it without asking.")
    var yes = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let output = options.output
        let isAgreed = yes
        try await options.withMessenger { messenger in
            let question =
                "Are all devices of \(DisplayText.harmlessLine(messenger.username)) and the recovery secret lost for good?"
            guard try isAgreed || Question.yesOrNo(question) == true else {
                throw CommandFailure(status: .refused, message: "nothing was changed", advice: "without a terminal, use --yes")
            }
            let secret = try await messenger.resetAccount()
            try await SecretDisclosure.show(secret, of: messenger, after: "reset", output: output)
        }
    }
}
