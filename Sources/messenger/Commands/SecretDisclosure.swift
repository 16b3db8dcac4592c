import MessengerClient
import MessengerCrypto

/// Shows the recovery secret of a new account, until the person has written it down.
enum SecretDisclosure {
    private struct Line: Encodable {
        let event: String
        let username: String
        let userID: String
        let recoverySecret: String

        enum CodingKeys: String, CodingKey {
            case event, username
            case userID = "user_id"
            case recoverySecret = "recovery_secret"
        }
    }

    /// Afterwards it is no longer on this device, if the person said so.
    static func show(
        _ secret: RecoverySecret, of messenger: Messenger, after event: String = "registered", output: Output
    ) async throws {
        let line = Line(
            event: event, username: messenger.username, userID: "\(messenger.userID)", recoverySecret: secret.text)
        output.result(
            line,
            line: """
                \(output.style(.good, "Welcome, \(DisplayText.harmlessLine(messenger.username)).")) Your recovery secret is

                  \(output.style(.bold, secret.text))

                Write it on paper. With it you get your account back when all devices are lost, and backups are read with it.
                Nobody else can give it to you.
                """)
        if output.isJSON { return }
        if try Question.yesOrNo("Have you written it down? It is then removed from this device.") == true {
            try await messenger.forgetRecoverySecret()
        } else {
            output.note("It stays on this device; `messenger login` shows it again.")
        }
    }
}
