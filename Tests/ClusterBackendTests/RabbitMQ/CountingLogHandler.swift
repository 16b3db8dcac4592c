import Logging

/// Calls back for each entry.
struct CountingLogHandler: LogHandler {
    let onEntry: @Sendable () -> Void
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(onEntry: @escaping @Sendable () -> Void) { self.onEntry = onEntry }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { onEntry() }
}
