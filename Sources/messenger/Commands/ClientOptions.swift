import ArgumentParser
import Foundation
import MessengerClient

/// What every command with an account takes.
struct ClientOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where this account is kept. (default: $XDG_DATA_HOME/messenger)", valueName: "folder"))
    var home: String?

    @Flag(help: "One JSON object a line, for programs.")
    var json = false

    var output: Output { Output(isJSON: json) }

    var folder: String { home ?? Self.defaultFolder(ProcessInfo.processInfo.environment) }

    /// As the XDG Base Directory Specification says: a relative path there counts as none.
    static func defaultFolder(_ environment: [String: String]) -> String {
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/messenger" }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/.local/share/messenger"
    }

    /// Opens the account, asking for its passphrase if it has one, and closes it after `body`.
    /// - Throws: `CommandFailure` alone.
    @discardableResult
    func withMessenger<Value: Sendable>(
        sendsReadReceipts: Bool = true, _ body: @Sendable (Messenger) async throws -> Value
    ) async throws -> Value {
        var server: ServerAddress?
        do {
            var configuration = MessengerConfiguration()
            configuration.sendsReadReceipts = sendsReadReceipts
            let messenger = try await open(configuration)
            server = messenger.server
            do {
                let value = try await body(messenger)
                await messenger.close()
                return value
            } catch {
                await messenger.close()
                throw error
            }
        } catch {
            throw await CommandFailure.explaining(error, server: server)
        }
    }

    private func open(_ configuration: MessengerConfiguration) async throws -> Messenger {
        do {
            return try await Messenger.open(StoreLocation(folder: folder), configuration: configuration)
        } catch MessengerError.storeLocked {
            let passphrase = try SecretPrompt.ask("Passphrase of \(folder): ")
            return try await Messenger.open(StoreLocation(folder: folder, passphrase: passphrase), configuration: configuration)
        }
    }
}
