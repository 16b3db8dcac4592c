import Glibc

/// Asks for a password or another secret on the terminal, where it is not seen; never takes one from the command line.
enum SecretPrompt {
    /// Nobody will type more.
    private static let longest = 4_096
    private static let interrupt: UInt8 = 3

    /// Asks on the controlling terminal, whatever standard input is.
    /// - Throws: `CommandFailure` where there is no terminal, and when the person gives up.
    static func ask(_ question: String) throws -> String {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { throw CommandFailure.noTerminal }
        defer { close(terminal) }
        // Before the question is seen: who answers at once is not seen either.
        guard let mode = TerminalMode.secretLine(on: terminal) else { throw CommandFailure.noTerminal }
        defer { mode.restore() }
        TerminalDevice.write(question, to: terminal)
        return try line(from: terminal)
    }

    /// Asks twice for a secret that is new, until both are the same.
    static func askNew(_ question: String) throws -> String {
        while true {
            let first = try ask(question)
            if try ask("Again: ") == first { return first }
            TerminalDevice.write("Those were different.\n", to: STDERR_FILENO)
        }
    }

    /// The first line of standard input, or of another file; without its line end.
    static func line(from descriptor: Int32) throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < longest {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if byte == interrupt, count == 1 { throw CommandFailure.interrupted }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
        }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
