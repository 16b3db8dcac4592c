import ArgumentParser
import Foundation
import MessengerClient

struct SaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Save a file that somebody sent.",
        discussion: """
            What `inbox` and `chat` show of a file has its number. Begun again after a break, it goes on where it was. Nothing is
            written over without asking.

            Examples:
              messenger save                       # the last one that came
              messenger save 12 --to ~/Pictures
            """)

    @Argument(help: "The number of the message; the last file that came without it.")
    var message: Int64?

    @Option(help: ArgumentHelp("A folder, or the file to write. (default: this folder)", valueName: "path"), completion: .file())
    var to: String?

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let output = options.output
        let (message, place) = (message, to)
        try await options.withMessenger { messenger in
            let attachment = try await Self.attachment(message, of: messenger)
            let target = SaveTarget(attachment, place: place)
            let replaces = target.exists
            if replaces { try Self.mayReplace(target, output) }
            let bar = output.progressBar(attachment.fileName)
            defer { bar.clear() }
            try await messenger.download(attachment, to: target.file, replacing: replaces) { bar.show($0) }
            bar.clear()
            output.result(
                SavedLine(file: target.file.path, name: attachment.name, size: attachment.size),
                line: "Saved as \(DisplayText.harmlessLine(target.file.path)).")
        }
    }

    private static func attachment(_ number: Int64?, of messenger: Messenger) async throws -> Attachment {
        if let number {
            guard let attachment = try await messenger.attachment(at: HistoryPosition(rawValue: number)) else {
                throw CommandFailure(status: .refused, message: "message \(number) has no file here")
            }
            return attachment
        }
        guard let last = try await messenger.attachments(limit: 1).first?.attachment else {
            throw CommandFailure(
                status: .refused, message: "no file has come to this device",
                advice: "`messenger inbox` fetches what waits at the server.")
        }
        return last
    }

    /// Throws unless the person agrees.
    private static func mayReplace(_ target: SaveTarget, _ output: Output) throws {
        let name = DisplayText.harmlessLine(target.file.path)
        let answer = output.isJSON ? nil : try Question.yesOrNo("\(name) is there already. Write over it?")
        guard answer != true else { return }
        throw CommandFailure(
            status: .storeUnusable, message: "\(target.file.path) is there already", advice: "Choose another place with --to.")
    }
}

/// A file that was saved, for programs.
private struct SavedLine: Encodable {
    let event = "saved"
    let file: String
    /// As its sender named it.
    let name: String
    let size: Int
}
