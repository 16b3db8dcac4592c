import ArgumentParser
import MessengerClient

struct RegisterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Make an account on a server, with this device as its first.",
        discussion: """
            Asks for what is missing. The server is remembered, its certificate too.

            Example:
              messenger register ann --server chat.example.org --phone '+1 555 0100'
            """)

    @Argument(help: "The name that others write to.")
    var username: String

    @Option(help: ArgumentHelp("Where the server is: host, host:port or https://host:port.", valueName: "server"))
    var server: String

    @Option(help: ArgumentHelp("Your phone number; the server keeps only a hash of it.", valueName: "number"))
    var phone: String?

    @Option(help: ArgumentHelp("An invitation, where the server wants one.", valueName: "code"))
    var invitation: String?

    @OptionGroup var login: LoginOptions
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let output = options.output
        guard !Messenger.exists(at: StoreLocation(folder: options.folder)) else {
            throw CommandFailure(MessengerError.storeExists)
        }
        let address = try await ServerIntroduction.meet(server, fingerprint: login.fingerprint, output: output)
        guard let phone = try phone ?? Question.line("Phone number: ") else {
            throw CommandFailure(
                status: .usage, message: "there is no terminal to ask for the phone number on", advice: "use --phone")
        }
        let password = try login.password(isNew: true, of: username)
        do {
            let registration = try await Messenger.register(
                username: username, phoneNumber: phone, password: password, invitation: invitation, at: address,
                store: try login.newLocation(options.folder))
            try await SecretDisclosure.show(registration.recoverySecret, of: registration.messenger, output: output)
            await registration.messenger.close()
        } catch {
            throw await CommandFailure.explaining(error, server: address)
        }
    }
}
