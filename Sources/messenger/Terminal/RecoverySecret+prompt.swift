import MessengerCrypto

extension RecoverySecret {
    /// Asks for it on the terminal, unseen. Throws `CommandFailure`.
    static func asked() throws -> RecoverySecret {
        guard let secret = RecoverySecret(text: try SecretPrompt.ask("Recovery secret: ")) else {
            throw CommandFailure(
                status: .refused, message: "that is no recovery secret, or it has a slip of the pen",
                advice: "It has 14 groups of four letters and digits.")
        }
        return secret
    }
}
