import DequeModule
import MessengerAPI

/// Which devices are pushed to, wait for their turn, or rest after a failure. A pure state machine: it returns what to do.
///
/// Devices of one destination share a lane; lanes take turns, so that one slow destination delays no other. A destination
/// whose last push succeeded is trusted: it goes first, and a part of all pushes is kept for such, so that however many dead
/// ones there are they do not delay it.
struct CallbackSchedule {
    static let maximumUnderWay = 1_000
    static let maximumUntrusted = 900
    /// Devices pushed to or written down at once; `CallbackGate` counts the exchanges.
    static let maximumPerTrusted = 128
    static let maximumPerUntrusted = 8

    enum Result: Sendable {
        /// Nothing waits any more.
        case drained
        /// A page was pushed and more may wait: another device may go first.
        case more
        case failed
        /// The device is not pushed to for now: it has a live stream, or no address, or has gone.
        case stopped
    }

    private enum Phase: Equatable {
        case waiting
        case pushing(hasNews: Bool, tryNow: Bool, isTrusted: Bool)
        case resting(ticket: Int)
    }

    /// What follows a push.
    enum Next: Equatable, Sendable {
        case nothing
        /// More may wait for the device: it is due when a look finds it.
        case look(UserID)
        /// It may come back with the ticket after this pause.
        case rest(Duration, ticket: Int)
    }

    private struct Entry {
        let user: UserID
        var phase: Phase
        var destination: String
        var pause = RetryPause()
    }

    private struct Lane {
        var waiting: Deque<DeviceID> = []
        var underWay = 0
        var hasTurn = false
    }

    private var entries: [DeviceID: Entry] = [:]
    private var pushing: [UserID: Set<DeviceID>] = [:]
    private var lanes: [String: Lane] = [:]
    private var trusted: Set<String> = []
    private var turns: Deque<String> = []
    private var trustedTurns: Deque<String> = []
    private var underWay = 0
    private var untrustedUnderWay = 0
    private var lastTicket = 0

    /// The device has something to push. A resting one goes on resting.
    mutating func due(_ device: DeviceID, of user: UserID, destination: String) {
        switch entries[device]?.phase {
        case nil:
            entries[device] = Entry(user: user, phase: .waiting, destination: destination)
            enqueue(device)
        case .pushing: noteNews(device)
        case .resting: entries[device]!.destination = destination
        case .waiting: break
        }
    }

    /// These users' inboxes have news: the devices of theirs that are pushed to, and will be looked at afterwards.
    mutating func news(of users: Set<UserID>) -> Set<DeviceID> {
        let devices = users.reduce(into: Set<DeviceID>()) { $0.formUnion(pushing[$1] ?? []) }
        for device in devices { noteNews(device) }
        return devices
    }

    private mutating func noteNews(_ device: DeviceID) {
        guard case .pushing(_, let tryNow, let isTrusted) = entries[device]?.phase else { return }
        entries[device]!.phase = .pushing(hasNews: true, tryNow: tryNow, isTrusted: isTrusted)
    }

    /// There is a reason to believe that the device can be reached: it rests no longer.
    mutating func tryNow(_ device: DeviceID) {
        switch entries[device]?.phase {
        case .resting: enqueue(device)
        case .pushing(let hasNews, _, let isTrusted):
            entries[device]!.phase = .pushing(hasNews: hasNews, tryNow: true, isTrusted: isTrusted)
        case .waiting, nil: break
        }
    }

    /// The device has rested; an older ticket than its last means nothing.
    mutating func rested(_ device: DeviceID, ticket: Int) {
        if entries[device]?.phase == .resting(ticket: ticket) { enqueue(device) }
    }

    /// The next device to push to, or nil when none waits or the limits are reached.
    mutating func start() -> DeviceID? {
        guard underWay < Self.maximumUnderWay, let (destination, isTrusted) = nextTurn() else { return nil }
        let device = lanes[destination]!.waiting.removeFirst()
        lanes[destination]!.underWay += 1
        lanes[destination]!.hasTurn = false
        giveTurn(to: destination)
        underWay += 1
        if !isTrusted { untrustedUnderWay += 1 }
        entries[device]!.phase = .pushing(hasNews: false, tryNow: false, isTrusted: isTrusted)
        pushing[entries[device]!.user, default: []].insert(device)
        return device
    }

    private mutating func nextTurn() -> (destination: String, isTrusted: Bool)? {
        if let destination = trustedTurns.popFirst() { return (destination, true) }
        guard untrustedUnderWay < Self.maximumUntrusted else { return nil }
        return turns.popFirst().map { ($0, false) }
    }

    /// A push has ended. A failed one that was told to try now is to start again at once.
    mutating func finished(_ device: DeviceID, _ result: Result, uptime: Duration, random: Double) -> Next {
        guard var entry = entries[device], case .pushing(let hasNews, let tryNow, let isTrusted) = entry.phase else {
            return .nothing
        }
        pushing[entry.user]!.remove(device)
        if pushing[entry.user]!.isEmpty { pushing[entry.user] = nil }
        underWay -= 1
        if !isTrusted { untrustedUnderWay -= 1 }
        if result == .failed {
            trusted.remove(entry.destination)
        } else if result != .stopped {
            trusted.insert(entry.destination)
        }
        lanes[entry.destination]!.underWay -= 1
        defer { tidy(entry.destination) }
        if result == .failed {
            if tryNow {
                enqueue(device)
                return .nothing
            }
            lastTicket += 1
            let pause = entry.pause.next(uptime: uptime, random: random)
            entry.phase = .resting(ticket: lastTicket)
            entries[device] = entry
            return .rest(pause, ticket: lastTicket)
        }
        entries[device] = nil
        return hasNews || tryNow || result == .more ? .look(entry.user) : .nothing
    }

    private mutating func enqueue(_ device: DeviceID) {
        entries[device]!.phase = .waiting
        let destination = entries[device]!.destination
        lanes[destination, default: Lane()].waiting.append(device)
        giveTurn(to: destination)
    }

    private mutating func giveTurn(to destination: String) {
        let isTrusted = trusted.contains(destination)
        guard let lane = lanes[destination], !lane.hasTurn, !lane.waiting.isEmpty,
            lane.underWay < (isTrusted ? Self.maximumPerTrusted : Self.maximumPerUntrusted)
        else { return }
        lanes[destination]!.hasTurn = true
        if isTrusted { trustedTurns.append(destination) } else { turns.append(destination) }
    }

    private mutating func tidy(_ destination: String) {
        giveTurn(to: destination)
        if let lane = lanes[destination], lane.waiting.isEmpty, lane.underWay == 0 { lanes[destination] = nil }
    }
}
