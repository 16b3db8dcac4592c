import KeyLog
import MessengerClient
import MessengerCrypto

/// A group, for programs; and in words for people.
struct GroupLine: Encodable {
    let event = "group"
    let id: String
    let name: String
    let members: [String]
    /// Of oneself; nothing when one is not in it any more.
    let role: String?
    let isVerified: Bool
    let isPostQuantum: Bool

    init(_ group: Group) {
        id = group.id.description
        name = group.name
        members = group.members.map(\.name)
        role = group.role?.word
        isVerified = group.isVerified
        isPostQuantum = group.isPostQuantum
    }

    static func summary(_ group: Group, _ style: Style) -> String {
        let people = group.members.map { DisplayText.harmlessLine($0.isMe ? "you" : $0.name) }.joined(separator: ", ")
        let name = style(.bold, DisplayText.harmlessLine(group.name))
        let id = style(.dim, String(group.id.description.prefix(8)))
        return "\(name)  \(id)  \(group.isMember ? people : style(.dim, "you are not in it any more"))"
    }

    static func encryption(of group: Group) -> String {
        (group.isPostQuantum ? "Post-quantum: every device of every member." : "Not post-quantum: not every device is.")
            + (group.isVerified ? " Everybody is verified." : " Not everybody is verified: messenger verify NAME")
    }
}
