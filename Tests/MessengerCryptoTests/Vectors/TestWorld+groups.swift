import Foundation
import KeyLog

@testable import MessengerCrypto

extension TestWorld {
    func groupStart(by owner: TestAccount, with other: TestAccount) throws -> GroupChange {
        guard
            let change = GroupChange(
                epoch: 0, previous: .zero, author: owner.id, device: owner.phone.fingerprint, action: .create,
                members: [
                    GroupMember(account: owner.id, role: .admin), GroupMember(account: other.id, role: .member),
                ], nonce: MessageID(unchecked: Array(Self.seed("group").exposed.prefix(16))))
        else { throw CocoaError(.featureUnsupported) }
        return change
    }

    /// Somebody comes to a group right after its start.
    func groupAddition(after first: GroupChange, by owner: TestAccount) throws -> GroupChange {
        guard let resolver = GroupResolver(first: VerifiedGroupChange(trusted: first)),
            let change = resolver.resolve().change(
                .add(AccountID(unchecked: Self.seed("somebody").exposed)), by: owner.id, device: owner.phone.fingerprint)
        else { throw CocoaError(.featureUnsupported) }
        return change
    }
}
