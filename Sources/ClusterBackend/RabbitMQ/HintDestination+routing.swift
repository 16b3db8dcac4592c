import MessengerCore

extension HintDestination {
    /// The key under which the exchange routes a message to it.
    var routingKey: String {
        switch self {
        case .node(let node): "node.\(node)"
        case .anySender: "senders"
        }
    }
}
