import ArgumentParser
import MessengerClient

struct TimerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timer",
        abstract: "Let the messages of a conversation go by themselves.",
        discussion: """
            It goes for what both sides write from then on: from sending on the sender's devices, from reading on each other one.
            Without a time it is shown.

            Examples:
              messenger timer ann 1d
              messenger timer --group "Lake house" off
            """)

    @Argument(help: "With whom, unless it is a group, and after how long: such as 30s, 5m, 1h, 2d, 1w, or off.")
    var words: [String] = []

    @Option(help: ArgumentHelp("In this group.", valueName: "name"))
    var group: String?

    @OptionGroup var options: ClientOptions

    private var username: String? { group == nil ? words.first : nil }
    private var time: String? { words.dropFirst(group == nil ? 1 : 0).first }

    private struct Line: Encodable {
        let event = "timer"
        let name: String
        /// Nothing when messages stay.
        let seconds: Int?
    }

    func validate() throws {
        if group == nil, words.isEmpty { throw ValidationError("Name a person, or a group with --group.") }
        if words.count > (group == nil ? 2 : 1) { throw ValidationError("Too many words.") }
        if let time, time != "off", TimeSpan(argument: time) == nil {
            throw ValidationError("\(time) is no time: write such as 30s, 5m, 1h, 2d, 1w, or off.")
        }
    }

    func run() async throws {
        let output = options.output
        let (username, group, time) = (username, group, time)
        try await options.withMessenger { messenger in
            let partner = try await ChatPartner.find(person: username, group: group, messenger)
            if let time { _ = try await partner.send(.timer(TimeSpan(argument: time)?.seconds), messenger) }
            let seconds = try await partner.timer(messenger)
            output.result(
                Line(name: partner.name, seconds: seconds),
                line: seconds.map { "Messages go after \(TimeSpan(seconds: $0).text)." } ?? "Messages stay.")
        }
    }
}
