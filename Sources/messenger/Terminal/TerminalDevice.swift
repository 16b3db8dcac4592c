import Glibc

/// The terminal on standard input and output.
enum TerminalDevice {
    struct Size: Hashable, Sendable {
        var columns: Int
        var rows: Int
    }

    /// Of a terminal that does not say.
    private static let usualSize = Size(columns: 80, rows: 24)

    /// Whether somebody types, and sees what is written.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    static var size: Size {
        var window = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else { return usualSize }
        return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
    }

    /// Writes all of it; what cannot be written is lost, as when the terminal is gone.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}
