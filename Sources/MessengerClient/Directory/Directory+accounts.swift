import KeyLog
import MessengerCrypto

extension Directory {
    /// Somebody by account, as members of a group are named; nil when the log has no such account, or this device never had its
    /// name.
    func person(with account: AccountID) async throws -> Person? {
        if let person = try await knownPerson(account) { return person }
        guard let stored = try await parts.store.account(account) else { return nil }
        do {
            let person = try await person(named: stored.username)
            return person.account == account ? person : nil
        } catch let error as MessengerError where error.isAboutOnePerson {
            return nil
        }
    }
}
