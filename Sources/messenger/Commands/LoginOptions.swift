import ArgumentParser
import Glibc
import MessengerClient

/// What `register` and `login` ask for, or are given.
struct LoginOptions: ParsableArguments {
    @Option(help: ArgumentHelp("SHA-256 of the server's certificate, if you know it; then nobody is asked.", valueName: "hex"))
    var fingerprint: String?

    @Flag(help: "Take the password from the first line of standard input.")
    var passwordStdin = false

    @Flag(help: "Guard what is kept here by a passphrase, asked for now and whenever it is opened.")
    var passphrase = false

    func password(isNew: Bool, of username: String) throws -> String {
        if passwordStdin { return try SecretPrompt.line(from: STDIN_FILENO) }
        let question = "Password of \(username): "
        return isNew ? try SecretPrompt.askNew(question) : try SecretPrompt.ask(question)
    }

    func newLocation(_ folder: String) throws -> StoreLocation {
        StoreLocation(folder: folder, passphrase: passphrase ? try SecretPrompt.askNew("Passphrase for \(folder): ") : nil)
    }
}
