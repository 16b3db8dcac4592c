import MessengerCore
import Synchronization

/// Shows progress as lines for a person: every milestone, and one a second of what lies between.
final class ProgressLines: Sendable {
    private static let pause = Duration.seconds(1)

    private let time: TimeSource
    private let print: @Sendable (String) -> Void
    private let last = Mutex<Duration?>(nil)

    init(time: TimeSource = .system, print: @escaping @Sendable (String) -> Void) {
        self.time = time
        self.print = print
    }

    func show(_ progress: MigrationProgress) {
        let now = time.uptime()
        let isDue = last.withLock { last in
            let isDue = progress.isMilestone || last.map { now - $0 >= Self.pause } ?? true
            if isDue { last = now }
            return isDue
        }
        if isDue { print("\(progress)") }
    }
}
