import ArgumentParser
import Foundation
import KeyLog
import MessengerClient
import MessengerCrypto

struct InboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "Fetch and show what came since the last time.",
        discussion: "Each message is shown once. Without the server, what was fetched before is shown, and it ends with 69.")

    @Flag(help: "Show the same again next time.")
    var keep = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let output = options.output
        let keeps = keep
        try await options.withMessenger { messenger in
            var away: MessengerError?
            do {
                _ = try await messenger.receive()
            } catch let error as MessengerError {
                guard case .unreachable = error else { throw error }
                away = error
            }
            let count = try await Self.show(from: messenger, keeps: keeps, output)
            if let away { throw away }
            if count == 0 { output.note("Nothing new.") }
        }
    }

    private static func groupNames(_ messenger: Messenger) async throws -> [ConversationID: String] {
        Dictionary(try await messenger.groups().map { ($0.id, $0.name) }) { first, _ in first }
    }

    /// How many were shown.
    private static func show(from messenger: Messenger, keeps: Bool, _ output: Output) async throws -> Int {
        let looks = EntryRows(style: output.style, time: LocalTime())
        var count = 0
        while true {
            let page = try await messenger.unacknowledged(limit: 100)
            let names = try await groupNames(messenger)
            for message in page {
                let group = message.group.map { names[$0] ?? String($0.description.prefix(8)) }
                output.result(
                    MessageLine(message, group: group), line: looks.plainLines(of: ChatEntry(message, group: group)))
            }
            count += page.count
            if !keeps { try await messenger.beginExpiry(of: page.compactMap(\.hash)) }
            guard let last = page.last, !keeps else { return count }
            try await messenger.acknowledge(last)
        }
    }
}
