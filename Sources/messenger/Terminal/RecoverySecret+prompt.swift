import Glibc
import MessengerCrypto

extension RecoverySecret {
    private static let attempts = 3

    /// Asks for it on the terminal, unseen, and again after a slip of the pen. Throws `CommandFailure`.
    static func asked() throws -> RecoverySecret {
        for attempt in 1...attempts {
            if let secret = RecoverySecret(text: try SecretPrompt.ask("Recovery secret: ")) { return secret }
            if attempt < attempts {
                TerminalDevice.write(
                    "That has a slip of the pen; it is 14 groups of four letters and digits.\n", to: STDERR_FILENO)
            }
        }
        throw CommandFailure(
            status: .refused, message: "that is no recovery secret, or it has a slip of the pen",
            advice: "It has 14 groups of four letters and digits.")
    }
}
