import KeyLog
import MessengerCrypto

/// A group as a message in it names it, and the accounts that get one.
struct GroupDestination: Sendable {
    let state: GroupState
    /// Of the members at the time, one's own for the other devices among them.
    let receivers: [AccountID]

    init(_ state: GroupState) {
        self.state = state
        receivers = state.members.map(\.account)
    }

    /// - Parameter me: gets a copy although not a member any more, for the other devices.
    init(_ state: GroupState, leaving me: AccountID) {
        self.state = state
        receivers = state.members.map(\.account) + [me]
    }
}
