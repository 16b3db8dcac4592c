import Glibc
import Logging
import MessengerCore
import ServiceLifecycle
import Synchronization

/// Measures the free space of the data folder's disk, once a second.
public final class FreeDisk: Service {
    private static let interval = Duration.seconds(1)

    private let folder: String
    private let minimum: Int
    private let time: TimeSource
    private let measure: @Sendable (String) -> Int?
    private let logger: Logger
    private let enough: Mutex<Bool>

    init(
        folder: String, minimum: Int, time: TimeSource, measure: @escaping @Sendable (String) -> Int?, logger: Logger
    ) {
        self.folder = folder
        self.minimum = minimum
        self.time = time
        self.measure = measure
        self.logger = logger
        enough = Mutex((measure(folder) ?? .max) >= minimum)
    }

    /// Whether sends are to be taken.
    var isEnough: Bool { enough.withLock { $0 } }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await self.time.sleep(Self.interval)) != nil { self.look() }
        }
    }

    private func look() {
        guard let free = measure(folder) else { return }
        let isEnough = free >= minimum
        let changed = enough.withLock { enough in
            defer { enough = isEnough }
            return enough != isEnough
        }
        guard changed else { return }
        let metadata: Logger.Metadata = ["free_bytes": "\(free)", "min_free_bytes": "\(minimum)"]
        if isEnough {
            logger.notice("The disk has room again; sends are taken", metadata: metadata)
        } else {
            logger.error("The disk is nearly full; sends are refused until there is room", metadata: metadata)
        }
    }

    /// Bytes that this process may still write; nil when the folder cannot be asked.
    public static func bytes(_ folder: String) -> Int? {
        var information = statvfs()
        guard statvfs(folder, &information) == 0 else { return nil }
        return Int(information.f_bavail) * Int(information.f_frsize)
    }
}
