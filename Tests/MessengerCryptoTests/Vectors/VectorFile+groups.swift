import Foundation
import KeyLog
import TestSupport

@testable import MessengerCrypto

extension VectorFile {
    /// Random histories of clients that know different parts of them, and the state that all of it makes.
    static func groups() throws -> VectorFile {
        let cases = try (0..<24 as Range<UInt64>).map { seed -> Object in
            var random = SeededRandom(seed: seed)
            let changes = try history(length: seed < 8 ? 3 : 8, using: &random)
            guard var resolver = GroupResolver(first: changes[0]) else { throw CocoaError(.featureUnsupported) }
            for change in changes.dropFirst() { resolver.add(change) }
            let state = resolver.resolve()
            return [
                "changes": changes.map(\.change.bytes.hex), "head": state.head.hex, "state": state.hash.hex,
                "members": state.members.map(\.account.hex),
            ]
        }
        return VectorFile(name: "groups.json", content: ["cases": cases])
    }

    private static func history(length: Int, using random: inout SeededRandom) throws -> [VerifiedGroupChange] {
        func account(_ number: Int) -> AccountID { AccountID(unchecked: TestWorld.seed("member \(number)").exposed) }
        let device = DeviceFingerprint.zero
        let members = (0..<4).map { GroupMember(account: account($0), role: $0 < 2 ? .admin : .member) }
        let nonce = MessageID(unchecked: (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
        guard
            let first = GroupChange(
                epoch: 0, previous: .zero, author: account(0), device: device, action: .create, members: members, nonce: nonce)
        else { throw CocoaError(.featureUnsupported) }
        var all = [VerifiedGroupChange(trusted: first)]
        while all.count < length {
            guard var resolver = GroupResolver(first: all[0]) else { throw CocoaError(.featureUnsupported) }
            for change in all.dropFirst() where Bool.random(using: &random) { resolver.add(change) }
            let state = resolver.resolve()
            let target = account(Int.random(in: 0..<6, using: &random))
            let actions: [GroupAction] = [.add(target), .remove(target), .remove(target), .leave, .setRole(target)]
            guard let author = state.members.randomElement(using: &random)?.account,
                let action = actions.randomElement(using: &random),
                let change = state.change(
                    action, role: Bool.random(using: &random) ? .admin : .member, by: author, device: device)
            else { continue }
            all.append(VerifiedGroupChange(trusted: change))
        }
        return all
    }
}
