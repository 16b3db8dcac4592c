import MessengerClient
import MessengerCrypto

extension GroupEvent {
    /// For people, after the name of whoever did it.
    var words: String {
        switch self {
        case .created: "made the group"
        case .added(let name): "added \(name ?? Self.somebody)"
        case .removed(let name): "removed \(name ?? Self.somebody)"
        case .left: "left the group"
        case .role(let name, .admin): "made \(name ?? Self.somebody) an admin"
        case .role(let name, .member): "made \(name ?? Self.somebody) a member without admin rights"
        case .renamed(let name): "calls the group \(name)"
        }
    }

    private static let somebody = "somebody unknown here"
}
