import Glibc
import MessengerClient
import Synchronization

/// A progress bar on standard error, or nothing where nobody looks.
final class ProgressDisplay: Sendable {
    private let bar: Mutex<ProgressBar>?

    init(name: String, isShown: Bool) { bar = isShown ? Mutex(ProgressBar(name: name)) : nil }

    func show(_ progress: TransferProgress) {
        let width = TerminalDevice.size.columns
        write { $0.show(done: progress.done, total: progress.total, width: width) }
    }

    /// May be called again.
    func clear() { write { $0.clear() } }

    private func write(_ change: (inout ProgressBar) -> String) {
        bar?.withLock { bar in
            let text = change(&bar)
            if !text.isEmpty { TerminalDevice.write(text, to: STDERR_FILENO) }
        }
    }
}

extension Output {
    /// On a terminal, for people.
    func progressBar(_ name: String) -> ProgressDisplay {
        ProgressDisplay(name: name, isShown: !isJSON && isatty(STDERR_FILENO) == 1)
    }
}
