import MessengerClient
import MessengerCrypto

/// A member of a group, for programs; and in words for people.
struct GroupMemberLine: Encodable {
    let username: String
    let role: String
    let isMe: Bool
    let isVerified: Bool
    let isPostQuantum: Bool
    let devices: Int

    init(_ person: GroupPerson) {
        username = person.name
        role = person.role.word
        isMe = person.isMe
        isVerified = person.isVerified
        isPostQuantum = person.isPostQuantum
        devices = person.deviceCount
    }

    static func text(_ person: GroupPerson, _ style: Style) -> String {
        let marks = [
            person.isMe ? "you" : nil, person.role == .admin ? "admin" : nil,
            person.isMe || person.isVerified ? nil : "not verified", person.isPostQuantum ? nil : "not post-quantum",
        ].compactMap { $0 }
        return "\(DisplayText.harmlessLine(person.name))  \(style(.dim, marks.joined(separator: ", ")))"
    }
}

extension GroupPerson {
    /// Before its name is known, something to tell accounts apart.
    var name: String { username ?? "account \(account.description.prefix(8))" }
}

extension GroupRole {
    var word: String {
        switch self {
        case .admin: "admin"
        case .member: "member"
        }
    }
}
