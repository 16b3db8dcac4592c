import ArgumentParser
import Foundation
import MessengerHTTP
import SQLiteBackend

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run everything in one process: listener, sender, SQLite, in-process broker.",
        discussion: """
            Needs no other service and no configuration. Settings come from flags, then from the environment (MESSENGER_ and \
            the flag in capitals, such as MESSENGER_DATA_DIR), then from a JSON file (--config), then from the defaults.

            Example:
              messenger-server serve --port 5000 --data-dir /var/lib/messenger --cert-dir /etc/messenger
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let run = ServerRun(try await Settings.load(flags: options.given, file: options.config))
        try run.settings.assertEmbedded()
        let folder = URL(filePath: run.settings.server.dataFolder)
        let lock = try DataFolderLock(folder: folder)
        try SQLiteBackend.assertWhole(folder: folder)
        let backend = try SQLiteBackend(folder: folder)
        let server = try MessengerServer(
            settings: run.serverSettings, stores: try await Stores(backend), logger: run.logger, onReady: run.isReady)
        do {
            try await run.untilSignal(server)
        } catch {
            try backend.close()
            throw error
        }
        try backend.close()
        withExtendedLifetime(lock) {}
    }
}
