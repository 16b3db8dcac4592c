import ArgumentParser
import MessengerClient

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the history that this device has to standard output, readable to everybody.",
        discussion: "Example:\n  messenger export --json > history.jsonl")

    @Option(name: .customLong("with"), help: ArgumentHelp("Only what was written with this person.", valueName: "name"))
    var peer: String?

    @Option(help: ArgumentHelp("Only what was written in this group.", valueName: "name"))
    var group: String?

    @OptionGroup var options: ClientOptions

    private static let page = 500

    func validate() throws {
        if peer != nil, group != nil { throw ValidationError("--with and --group exclude each other.") }
    }

    func run() async throws {
        let output = options.output
        let (peer, group) = (peer, group)
        try await options.withMessenger { messenger in
            for partner in try await Self.partners(person: peer, group: group, messenger) {
                if !output.isJSON { output.result(partner.name, line: "# " + DisplayText.harmlessLine(partner.name)) }
                try await Self.write(partner, from: messenger, output)
            }
        }
    }

    /// All conversations by name, or the one that was asked for.
    private static func partners(person: String?, group: String?, _ messenger: Messenger) async throws -> [ChatPartner] {
        if person != nil || group != nil { return [try await ChatPartner.find(person: person, group: group, messenger)] }
        let partners = try await messenger.conversations().map { summary in
            summary.group.map { .group($0, name: summary.title) } ?? ChatPartner.person(summary.title)
        }
        // A name that has had several accounts is there for each of them.
        return Set(partners).sorted { $0.name < $1.name }
    }

    /// Oldest first: the places of the pages are found from the newest on, then each is read again.
    private static func write(_ partner: ChatPartner, from messenger: Messenger, _ output: Output) async throws {
        let looks = EntryRows(style: .plain, time: LocalTime())
        var ends: [HistoryPosition?] = [nil]
        while let first = try await partner.history(messenger, before: ends[ends.count - 1], limit: page).first {
            ends.append(first.position)
        }
        for end in ends.reversed() {
            for item in try await partner.history(messenger, before: end, limit: page) {
                output.result(MessageLine(item, with: partner), line: looks.plainLines(of: ChatEntry(item)))
            }
        }
    }
}
