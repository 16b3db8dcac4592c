import Glibc

/// How the system treats what is typed on a terminal; what it was before comes back with `restore`.
struct TerminalMode: Sendable {
    private let descriptor: Int32
    private let before: termios

    /// Each key comes at once and nothing is echoed; Control-C and the like are keys as others. Nil where there is no terminal.
    static func keys(on descriptor: Int32) -> TerminalMode? {
        changing(descriptor) { mode in
            cfmakeraw(&mode)
            // Line ends that the program writes are still its own, but output of others is not to become a staircase.
            mode.c_oflag |= tcflag_t(OPOST) | tcflag_t(ONLCR)
        }
    }

    /// Lines as usual, but unseen, and Control-C is a character, so that the echo never stays off.
    static func secretLine(on descriptor: Int32) -> TerminalMode? {
        changing(descriptor) { mode in
            mode.c_lflag &= ~tcflag_t(ECHO | ISIG)
            mode.c_lflag |= tcflag_t(ECHONL)
            // Control-C ends a line, as Enter does.
            withUnsafeMutableBytes(of: &mode.c_cc) { $0[Int(VEOL)] = 3 }
        }
    }

    /// May be called twice.
    func restore() {
        var mode = before
        tcsetattr(descriptor, TCSAFLUSH, &mode)
    }

    private static func changing(_ descriptor: Int32, _ change: (inout termios) -> Void) -> TerminalMode? {
        var mode = termios()
        guard tcgetattr(descriptor, &mode) == 0 else { return nil }
        let result = TerminalMode(descriptor: descriptor, before: mode)
        change(&mode)
        return tcsetattr(descriptor, TCSAFLUSH, &mode) == 0 ? result : nil
    }
}
