import KeyLog
import MessengerAPI
import MessengerCrypto

/// Another account key: introduced by the old one, or in its place when it is lost.
extension Messenger {
    /// When all devices and the recovery secret are lost: a new account under the same name, with this device alone, and its secret.
    ///
    /// The old account ends. Contacts see that it is another one; they send nothing until they accept it, and compare the safety
    /// number anew. What was sealed to the old account stays closed, and its backups with it. Only for a device that belongs to no
    /// account: `standing` is `waitingForLink`. A lost answer is made up for by the next `logIn`.
    public func resetAccount() async throws -> RecoverySecret {
        try await explaining {
            guard parts.profile.account == nil else {
                throw MessengerError.invalid("This device belongs to an account; log in as a new device to begin another one.")
            }
            let old = try await directory.person(named: username).account
            pendingLink = nil
            let secret = RecoverySecret()
            try await makeAccount(secret, replacing: old)
            try await prepare()
            return secret
        }
    }

    /// Makes a new recovery secret, and with it a new account key, which the old one introduces: contacts notice nothing. The old
    /// secret opens older backups and nothing else any more; other devices that held the account key hold it no longer. Throws
    /// `accountKeyNotHere`.
    public func renewRecoverySecret() async throws -> RecoverySecret {
        try await explaining {
            let secret = RecoverySecret()
            let key = try secret.accountKey()
            try await change(next: secret) { editor, chain in try editor.renew(key, in: chain) }
            return secret
        }
    }
}
