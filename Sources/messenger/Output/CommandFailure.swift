/// Why a command ends, in words for the person, and what can be done about it.
struct CommandFailure: Error, Hashable {
    let status: ExitStatus
    /// May hold words of others; made harmless when shown.
    let message: String
    var advice: String?

    static let noTerminal = CommandFailure(
        status: .usage, message: "there is no terminal to ask for the password on",
        advice: "give it on standard input with --password-stdin")
    static let interrupted = CommandFailure(status: .interrupted, message: "interrupted")
}
