import Foundation
import MessengerClient

/// A bot that answers every text with the same text: `BOT_PASSWORD=… echo-bot chat.example.org echo`
@main
enum EchoBot {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let password = ProcessInfo.processInfo.environment["BOT_PASSWORD"] else {
            return print("Usage: BOT_PASSWORD=… echo-bot SERVER USERNAME")
        }
        try await answer(
            Messenger.logIn(
                username: arguments[2], password: password, at: ServerAddress(arguments[1]),
                store: StoreLocation(folder: "echo-bot-\(arguments[2])")))
    }

    static func answer(_ messenger: Messenger) async throws {
        for try await message in messenger.messages {
            if let text = message.text, !message.isFromMe { _ = try await messenger.send(text, to: message.sender) }
            try await messenger.acknowledge(message)
        }
    }
}
