import ArgumentParser
import MessengerClient

struct RenewSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew-secret",
        abstract: "Replace the recovery secret, for instance when somebody may have seen it.",
        discussion: """
            Contacts notice nothing. Backups made until now are still read with the old secret, which is good for nothing else any
            more. This device must hold the account key; the others that held it do so no longer.
            """)

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let output = options.output
        try await options.withMessenger { messenger in
            let secret = try await messenger.renewRecoverySecret()
            try await SecretDisclosure.show(secret, of: messenger, after: "secret-renewed", output: output)
        }
    }
}
