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
            let new = away == nil ? try await messenger.devices().filter { $0.newUntil != nil } : []
            if !new.isEmpty { output.note(NewDevices.text(new, of: messenger.username, me: messenger.username)) }
            if let away { throw away }
            if count == 0 { output.note("Nothing new.") }
        }
    }

    private static func groupNames(_ messenger: Messenger) async throws -> [ConversationID: String] {
        Dictionary(try await messenger.groups().map { ($0.id, $0.name) }) { first, _ in first }
    }

    private static func otherAccount(_ sender: String) -> String {
        let name = DisplayText.harmlessLine(sender)
        return "The next message is from another account of \(name) than the one you accepted: messenger verify \(name)"
    }

    /// How many were shown.
    private static func show(from messenger: Messenger, keeps: Bool, _ output: Output) async throws -> Int {
        let looks = EntryRows(style: output.style, time: LocalTime())
        var count = 0
        while true {
            let page = try await messenger.unacknowledged(limit: 100)
            let names = try await groupNames(messenger)
            for message in page {
                if message.isFromOtherAccount { output.note(Self.otherAccount(message.sender)) }
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
