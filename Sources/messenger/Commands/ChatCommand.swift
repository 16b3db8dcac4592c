import ArgumentParser
import MessengerClient

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Write with somebody, live.",
        discussion: """
            On a terminal: what comes stands above your draft; /help says what else there is, Control-D ends it. Without a terminal,
            or with --json, each line of standard input is sent, what comes is printed, and the end of the input ends it.

            ✓ the server has it   ✓✓ it is on a device of theirs   ✓✓ read
            """)

    @Argument(help: "With whom.")
    var username: String?

    @Option(help: ArgumentHelp("In this group, in place of a person.", valueName: "name"))
    var group: String?

    @Flag(help: "Do not tell others that their messages were read.")
    var noReadReceipts = false

    @Flag(help: "Write also to devices that are not post-quantum.")
    var acceptClassical = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        if (username == nil) == (group == nil) { throw ValidationError("Name a person, or a group with --group.") }
    }

    func run() async throws {
        let output = options.output
        let (username, group, isAccepted) = (username, group, acceptClassical)
        try await options.withMessenger(sendsReadReceipts: !noReadReceipts) { messenger in
            let partner = try await ChatPartner.find(person: username, group: group, messenger)
            if isAccepted { try await partner.acceptClassicalDevices(messenger) }
            if output.isJSON || !TerminalDevice.isInteractive {
                try await ChatPipe(messenger: messenger, partner: partner, output: output).run()
            } else {
                try await ChatSession(messenger: messenger, partner: partner, style: output.style).run()
            }
        }
    }
}
