/// How far a message of one's own has got.
public enum Delivery: Sendable, Hashable {
    /// In the outbox: it goes out as soon as the server answers.
    case waiting
    /// The server has it on disk.
    case accepted
    /// On a device of the receiver.
    case delivered
    case read
    /// It will never arrive; says why.
    case refused(String)

    /// As the store keeps it. Receipts only ever raise it.
    var stored: Int {
        switch self {
        case .refused: -1
        case .waiting: 0
        case .accepted: 1
        case .delivered: 2
        case .read: 3
        }
    }

    init(stored: Int) {
        switch stored {
        case 0: self = .waiting
        case 1: self = .accepted
        case 2: self = .delivered
        case 3: self = .read
        default: self = .refused("The server did not take it.")
        }
    }
}
