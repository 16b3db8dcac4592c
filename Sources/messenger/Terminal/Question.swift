import Glibc

/// Asks on the controlling terminal, whatever standard input is.
enum Question {
    /// Nil where there is no terminal. Asks again until the answer is yes or no; the end of input is no.
    static func yesOrNo(_ question: String) throws -> Bool? {
        while let answer = try line(question + " [yes/no] ") {
            switch answer.lowercased() {
            case "y", "yes": return true
            case "n", "no", "": return false
            default: continue
            }
        }
        return nil
    }

    /// What is typed is seen. Nil where there is no terminal.
    static func line(_ question: String) throws -> String? {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        TerminalDevice.write(question, to: terminal)
        return try SecretPrompt.line(from: terminal)
    }
}
