import ArgumentParser
import MessengerCore

extension AdminCommand {
    struct RotateLogKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-log-key",
            abstract: "Make a new signing key for the key log, introduced by the old one, which is forgotten.",
            discussion: """
                Clients follow by themselves, also those that were away. After the theft of a database it helps only against a
                thief who comes back later: until clients have met the new key, the old one can introduce another.

                Example:
                  messenger-server admin rotate-log-key
                """)

        @OptionGroup var data: DataOptions

        func run() async throws {
            let backend = try await data.backend()
            print(try await backend.rotateLogKey(now: TimeSource.system.now()).key)
            try backend.close()
        }
    }
}
