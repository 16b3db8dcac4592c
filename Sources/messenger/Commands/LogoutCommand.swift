import ArgumentParser

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "End the session at the server; what is kept here stays readable here.")

    @OptionGroup var options: ClientOptions

    private struct Line: Encodable {
        let event = "logged-out"
        let username: String
    }

    func run() async throws {
        let output = options.output
        try await options.withMessenger { messenger in
            try await messenger.logOut()
            output.result(Line(username: messenger.username), line: "Logged out. `messenger login` comes back.")
        }
    }
}
