import ArgumentParser
import MessengerClient

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the history that this device has to standard output, readable to everybody.",
        discussion: "Example:\n  messenger export --json > history.jsonl")

    @Option(name: .customLong("with"), help: ArgumentHelp("Only what was written with this person.", valueName: "name"))
    var peer: String?

    @OptionGroup var options: ClientOptions

    private static let page = 500

    func run() async throws {
        let output = options.output
        let peer = peer
        try await options.withMessenger { messenger in
            let names = if let peer { [peer] } else { Set(try await messenger.conversations().map(\.username)).sorted() }
            for name in names {
                if !output.isJSON { output.result(name, line: "# " + DisplayText.harmlessLine(name)) }
                try await Self.write(name, from: messenger, output)
            }
        }
    }

    /// Oldest first: the places of the pages are found from the newest on, then each is read again.
    private static func write(_ name: String, from messenger: Messenger, _ output: Output) async throws {
        let looks = EntryRows(style: .plain, time: LocalTime())
        var ends: [HistoryPosition?] = [nil]
        while let first = try await messenger.history(with: name, before: ends[ends.count - 1], limit: page).first {
            ends.append(first.position)
        }
        for end in ends.reversed() {
            for item in try await messenger.history(with: name, before: end, limit: page) {
                output.result(MessageLine(item, with: name), line: looks.plainLines(of: ChatEntry(item)))
            }
        }
    }
}
