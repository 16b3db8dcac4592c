import ArgumentParser
import MessengerClient
import MessengerCrypto

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in: again on this device, or as a new device of an account.",
        discussion: """
            A new device is then linked (messenger link), or certified with the recovery secret (--recover).

            Examples:
              messenger login                                    # again on this device
              messenger login ann --server chat.example.org      # a new device
            """)

    @Argument(help: "Whose account; the one that is here by default.")
    var username: String?

    @Option(help: ArgumentHelp("Where the server is; remembered.", valueName: "server"))
    var server: String?

    @Flag(help: "Ask for the recovery secret, and make this device one of the account with it.")
    var recover = false

    @OptionGroup var login: LoginOptions
    @OptionGroup var options: ClientOptions

    private struct Line: Encodable {
        let event = "logged-in"
        let username: String
        let standing: String
    }

    func run() async throws {
        let output = options.output
        let (name, address, location) = try await place(output)
        let password = try login.password(isNew: false, of: name)
        let secret = recover ? try RecoverySecret.asked() : nil
        do {
            let messenger = try await Messenger.logIn(
                username: name, password: password, at: address, store: location, recovery: secret)
            do {
                try await report(messenger, output)
                await messenger.close()
            } catch {
                await messenger.close()
                throw error
            }
        } catch {
            throw await CommandFailure.explaining(error, server: address)
        }
    }

    private func report(_ messenger: Messenger, _ output: Output) async throws {
        if let secret = try await messenger.recoverySecret() {
            return try await SecretDisclosure.show(secret, of: messenger, output: output)
        }
        let standing = try await messenger.standing
        let name = DisplayText.harmlessLine(messenger.username)
        switch standing {
        case .certified: output.result(Line(username: messenger.username, standing: "certified"), line: "Logged in as \(name).")
        case .waitingForLink:
            output.result(
                Line(username: messenger.username, standing: "waiting-for-link"),
                line: """
                    Logged in as \(name). This device does not belong to the account yet: run `messenger link` here, and
                    `messenger link --approve` on a device that does. Or log in with --recover and the recovery secret. If
                    both are lost: messenger reset-account
                    """)
        case .revoked: throw CommandFailure(MessengerError.notCertified)
        }
    }

    /// Whom, where and into which store, from the arguments or from the account that is here.
    private func place(_ output: Output) async throws -> (String, ServerAddress, StoreLocation) {
        var location = StoreLocation(folder: options.folder)
        var known: (username: String, server: ServerAddress)?
        if Messenger.exists(at: location) {
            do {
                (known, location) = try await Self.look(into: location, options.folder)
            } catch {
                throw await CommandFailure.explaining(error, server: nil)
            }
        } else {
            location = try login.newLocation(options.folder)
        }
        guard let name = username ?? known?.username, let text = server ?? known?.server.url else {
            throw CommandFailure(
                status: .usage, message: "there is no account in \(options.folder)",
                advice: "say which: messenger login NAME --server HOST")
        }
        if let known, server == nil, login.fingerprint == nil {
            if let change = await ServerIntroduction.changedCertificate(of: known.server) { throw change }
            return (name, known.server, location)
        }
        return (name, try await ServerIntroduction.meet(text, fingerprint: login.fingerprint, output: output), location)
    }

    private static func look(
        into location: StoreLocation, _ folder: String
    ) async throws -> ((username: String, server: ServerAddress), StoreLocation) {
        var location = location
        let messenger: Messenger
        do {
            messenger = try await Messenger.open(location)
        } catch MessengerError.storeLocked {
            location = StoreLocation(folder: folder, passphrase: try SecretPrompt.ask("Passphrase of \(folder): "))
            messenger = try await Messenger.open(location)
        }
        let known = (messenger.username, messenger.server)
        await messenger.close()
        return (known, location)
    }
}
