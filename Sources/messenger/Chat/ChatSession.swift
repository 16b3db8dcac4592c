import Foundation
import MessengerClient

/// A chat on a terminal, until the person leaves it.
struct ChatSession: Sendable {
    /// How much of the history is shown at first, and looked at for changes.
    private static let historyShown = 50
    private static let longestForeignText = 60

    let messenger: Messenger
    let partner: ChatPartner
    let style: Style

    /// Throws what the connection does not recover from; the terminal is as before then.
    func run() async throws {
        // Before anything is drawn: whether there is such a person.
        let title = try await title()
        guard let mode = TerminalMode.keys(on: STDIN_FILENO) else { throw CommandFailure.noTerminal }
        var screen = ChatScreen(
            prompt: DisplayText.harmlessLine(messenger.username), size: TerminalDevice.size,
            looks: EntryRows(style: style, time: LocalTime()))
        TerminalDevice.write(screen.begin())
        defer {
            TerminalDevice.write(screen.end())
            mode.restore()
        }
        TerminalDevice.write(screen.note(title.text, title.role))
        let (events, continuation) = AsyncStream.makeStream(of: ChatEvent.self)
        let (inputs, inputContinuation) = AsyncStream.makeStream(of: ChatInput.self)
        continuation.yield(.changed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let sources = ChatSources(messenger: messenger, partner: partner, events: continuation)
            sources.start(in: &group)
            async let sending: Void = sources.send(inputs)
            let failure = await untilLeft(events, &screen, inputContinuation)
            // What was typed is in the outbox before the client is closed, which is what ends the connection.
            inputContinuation.finish()
            await sending
            if let last = try? await history() { TerminalDevice.write(screen.put(last)) }
            group.cancelAll()
            await messenger.close()
            if let failure { throw failure }
        }
    }

    /// Why it was not the person who ended it, if so.
    private func untilLeft(
        _ events: AsyncStream<ChatEvent>, _ screen: inout ChatScreen, _ inputs: AsyncStream<ChatInput>.Continuation
    ) async -> (any Error)? {
        do {
            for await event in events {
                guard try await take(event, &screen, inputs) else { break }
            }
            return nil
        } catch {
            return error
        }
    }

    /// Nil when the server is away and the person is not known here.
    private func contact() async throws -> Contact? {
        do {
            if case .person(let name) = partner { return try await messenger.contact(name) }
            return nil
        } catch MessengerError.unreachable {
            return nil
        }
    }

    private func title() async throws -> (text: String, role: Style.Role) {
        if case .group(let id, _) = partner { return Self.title(try await messenger.group(id)) }
        let contact = try await contact()
        return (title(contact), contact?.isVerified == false ? .warning : .dim)
    }

    private static func title(_ group: Group) -> (text: String, role: Style.Role) {
        let name = DisplayText.harmlessLine(group.name)
        let suites = group.isPostQuantum ? "" : ", not post-quantum"
        let state = group.isVerified ? "everybody verified" : "not everybody verified: messenger group members"
        return (
            "End-to-end encrypted chat in \(name)\(suites), \(state).\n/help shows what else there is; Control-D leaves.",
            group.isVerified ? .dim : .warning
        )
    }

    private func title(_ contact: Contact?) -> String {
        let name = DisplayText.harmlessLine(partner.name)
        let suites = contact?.isPostQuantum == false ? ", not post-quantum" : ""
        let state =
            switch contact?.isVerified {
            case true?: "End-to-end encrypted chat with \(name), verified\(suites)."
            case false?: "End-to-end encrypted chat with \(name)\(suites), not verified yet: messenger verify \(name)"
            case nil: "End-to-end encrypted chat with \(name); the server is away."
            }
        return state + "\n/help shows what else there is; Control-D leaves."
    }

    /// False to leave.
    private func take(
        _ event: ChatEvent, _ screen: inout ChatScreen, _ inputs: AsyncStream<ChatInput>.Continuation
    ) async throws -> Bool {
        switch event {
        case .hangUp: return false
        case .ended(let error): throw error
        case .resized: TerminalDevice.write(screen.resize(TerminalDevice.size))
        case .expired(let positions): TerminalDevice.write(screen.expire(positions))
        case .online(let isOnline): TerminalDevice.write(screen.setOnline(isOnline))
        case .note(let text, let role): TerminalDevice.write(screen.note(text, role))
        case .changed: TerminalDevice.write(screen.put(try await history()))
        case .received(let message):
            if message.isFromOtherAccount {
                let name = DisplayText.harmlessLine(message.sender)
                TerminalDevice.write(
                    screen.note(
                        "\(name) writes from another account than the one you accepted: messenger verify \(name)", .danger))
            }
            if partner.holds(message) {
                TerminalDevice.write(screen.put(try await history()))
            } else if let text = message.text {
                let line = DisplayText.harmlessLine(text)
                let short = line.count > Self.longestForeignText ? line.prefix(Self.longestForeignText) + "…" : line[...]
                TerminalDevice.write(screen.note("\(message.sender) writes elsewhere: \(short)"))
            }
        case .key(let key):
            let (step, output) = screen.take(key)
            TerminalDevice.write(output)
            switch step {
            case .interrupt, .endOfInput: return false
            case .submit(let line): return submit(ChatInput(line), &screen, inputs)
            case .nothing, .changed, .redraw: break
            }
        }
        return true
    }

    private func submit(
        _ input: ChatInput, _ screen: inout ChatScreen, _ inputs: AsyncStream<ChatInput>.Continuation
    ) -> Bool {
        switch input {
        case .quit: return false
        case .help: TerminalDevice.write(screen.note(ChatInput.helpText))
        case .unknown(let command): TerminalDevice.write(screen.note("\(command) is no command; /help shows them.", .warning))
        default: inputs.yield(input)
        }
        return true
    }

    private func history() async throws -> [ChatEntry] {
        let items = try await partner.history(messenger, limit: Self.historyShown)
        let texts = Dictionary(items.compactMap { item in item.hash.map { ($0, item.text ?? "") } }) { first, _ in first }
        return items.map { ChatEntry($0, quoted: $0.replyTo.flatMap { texts[$0] }, save: "/save") }
    }
}
