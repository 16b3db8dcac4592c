import Dispatch
import Glibc
import KeyLog
import MessengerClient
import MessengerCrypto

/// The tasks that feed a chat, and the one that sends what was typed, in its order.
struct ChatSources: Sendable {
    let messenger: Messenger
    let partner: ChatPartner
    let events: AsyncStream<ChatEvent>.Continuation

    func start(in group: inout ThrowingTaskGroup<Void, any Error>) {
        group.addTask {
            for await key in KeyReader.keys() { events.yield(.key(key)) }
            events.yield(.hangUp)
        }
        group.addTask { await watchSignals() }
        let connection = messenger.events
        group.addTask { for await event in connection { tell(event) } }
        group.addTask { await receive() }
    }

    /// Does what was typed, one after another, until no more comes; files go beside it. One that is not over then goes on when
    /// the person is here again.
    func send(_ inputs: AsyncStream<ChatInput>) async {
        await withDiscardingTaskGroup { group in
            for await input in inputs {
                switch input {
                case .file, .save:
                    group.addTask { await FileTransfer(messenger: messenger, partner: partner, events: events).run(input) }
                default: await send(input)
                }
            }
            group.cancelAll()
        }
    }

    private func tell(_ event: ConnectionEvent) {
        switch event {
        case .connected: events.yield(.online(true))
        case .disconnected: events.yield(.online(false))
        case .receipts, .outboxChanged, .groupChanged: events.yield(.changed)
        case .expired(let positions): events.yield(.expired(Set(positions.map(\.rawValue))))
        case .missed(let count): events.yield(.note("\(count) messages were lost: they waited too long at the server.", .warning))
        case .warning(let text): events.yield(.note(text, .danger))
        case .newDevices(let owner, let devices):
            events.yield(.note(NewDevices.text(devices, of: owner, me: messenger.username), .warning))
        case .caughtUp, .arrived: break
        }
    }

    private func receive() async {
        do {
            for try await message in messenger.messages {
                events.yield(.received(message))
                try await messenger.acknowledge(message)
                if partner.holds(message), !message.isFromMe, let hash = message.hash {
                    try await messenger.markRead([hash])
                }
            }
        } catch is CancellationError {
            return
        } catch {
            events.yield(.ended(error))
        }
    }

    private func send(_ input: ChatInput) async {
        do {
            switch input {
            case .message(let text): _ = try await partner.send(.text(text), messenger)
            case .reply(let text): _ = try await messenger.reply(text, to: try await last(mine: false))
            case .react(let emoji): _ = try await messenger.react(emoji, to: try await last(mine: false))
            case .edit(let text): _ = try await messenger.edit(try await last(mine: true), text: text)
            case .timer(let time): _ = try await partner.send(.timer(time?.seconds), messenger)
            case .deleteLast: _ = try await messenger.delete(try await last(mine: true))
            case .agree: try await partner.acceptClassicalDevices(messenger)
            case .file, .save, .quit, .help, .unknown: return
            }
        } catch MessengerError.notPostQuantum {
            events.yield(.note("Not sent: not every device in this chat is post-quantum. /agree, then send it again.", .danger))
        } catch {
            events.yield(.note("Not sent: \(error)", .danger))
        }
        events.yield(.changed)
    }

    /// The newest message of one of both. Throws `MessengerError.notFound`.
    private func last(mine: Bool) async throws -> MessageHash {
        let items = try await partner.history(messenger, limit: 50)
        guard
            let hash = items.last(where: {
                $0.isFromMe == mine && $0.groupEvents.isEmpty && $0.timer == nil && !$0.isDeleted && $0.hash != nil
            })?
            .hash
        else {
            throw MessengerError.notFound
        }
        return hash
    }

    /// The terminal's new size, and what asks the program to end: it leaves the terminal as it was then.
    private func watchSignals() async {
        let (numbers, continuation) = AsyncStream.makeStream(of: Int32.self)
        let sources = [SIGWINCH, SIGTERM, SIGHUP].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        for await number in numbers { events.yield(number == SIGWINCH ? .resized : .hangUp) }
        for source in sources { source.cancel() }
    }
}
