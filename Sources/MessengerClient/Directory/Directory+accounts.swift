import KeyLog
import MessengerCrypto

extension Directory {
    /// Somebody by account, as members of a group are named; nil when the log has no such account, or this device never had its
    /// name.
    func person(with account: AccountID) async throws -> Person? {
        if let person = try await knownPerson(account) { return person }
        guard let name = try await parts.store.usernames(of: [account])[account] else { return nil }
        do {
            let person = try await person(named: name)
            return person.account == account ? person : nil
        } catch let error as MessengerError where error.isAboutOnePerson {
            return nil
        }
    }
}
