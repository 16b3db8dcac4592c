import DequeModule
import MessengerAPI

/// Which devices are pushed to, wait for their turn, or rest after a failure. A pure state machine: it returns what to do.
///
/// Devices of one destination share a lane; lanes take turns, so that one slow destination delays no other. They go by their
/// standing, and a part of all pushes is kept for the better ones, so that however many dead addresses there are, they delay
/// neither one that answers nor one that nobody knows yet.
struct CallbackSchedule {
    /// What is known of whom a push goes to, best first.
    enum Standing: Int, CaseIterable {
        /// The destination's last push succeeded.
        case trusted
        /// Nothing.
        case fresh
        /// The device's last push failed.
        case failing

        /// The most pushes under way of this standing and those below it.
        var maximumUnderWay: Int {
            switch self {
            case .trusted: 1_000
            case .fresh: 900
            case .failing: 800
            }
        }
    }

    /// Devices pushed to or written down at once; `CallbackGate` counts the exchanges.
    static let maximumPerTrusted = 128
    static let maximumPerUntrusted = 8
    /// What waits for the store goes on soon after it is back.
    static let maximumStorePause = Duration.seconds(5)

    enum Result: Equatable, Sendable {
        /// Nothing waits any more.
        case drained
        /// A page was pushed and more may wait: another device may go first.
        case more
        case failed
        /// The server could not look up or write down what it has to. The address is not to blame.
        case storeFailed(unstored: CallbackDelivery?)
        /// The device is not pushed to for now: it has a live stream, or no address, or has gone.
        case stopped
    }

    private enum Phase: Equatable {
        case waiting
        case pushing(hasNews: Bool, tryNow: Bool, standing: Standing)
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
        /// Whether the device was known to fail when it was due.
        var hasFailed: Bool
        var pause = RetryPause()
        var storePause = RetryPause(longest: maximumStorePause)
        var unstored: CallbackDelivery?

        var isFailing: Bool { hasFailed || pause.failures > 0 }

        /// How long to rest after a failure.
        mutating func learn(from result: Result, uptime: Duration, random: Double) -> Duration? {
            if case .storeFailed(let unstored) = result {
                self.unstored = unstored
                return storePause.next(uptime: uptime, random: random)
            }
            unstored = nil
            storePause = RetryPause(longest: maximumStorePause)
            guard result != .failed else { return pause.next(uptime: uptime, random: random) }
            pause = RetryPause()
            if result != .stopped { hasFailed = false }
            return nil
        }
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
    private var turns: [Standing: Deque<String>] = [:]
    private var underWay: [Standing: Int] = [:]
    private var lastTicket = 0

    /// The device has something to push. A resting one goes on resting.
    mutating func due(_ device: DeviceID, of user: UserID, destination: String, hasFailed: Bool = false) {
        switch entries[device]?.phase {
        case nil:
            entries[device] = Entry(user: user, phase: .waiting, destination: destination, hasFailed: hasFailed)
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
        guard case .pushing(_, let tryNow, let standing) = entries[device]?.phase else { return }
        entries[device]!.phase = .pushing(hasNews: true, tryNow: tryNow, standing: standing)
    }

    /// There is a reason to believe that the device can be reached: it rests no longer.
    mutating func tryNow(_ device: DeviceID) {
        switch entries[device]?.phase {
        case .resting: enqueue(device)
        case .pushing(let hasNews, _, let standing):
            entries[device]!.phase = .pushing(hasNews: hasNews, tryNow: true, standing: standing)
        case .waiting, nil: break
        }
    }

    /// The device has rested; an older ticket than its last means nothing.
    mutating func rested(_ device: DeviceID, ticket: Int) {
        if entries[device]?.phase == .resting(ticket: ticket) { enqueue(device) }
    }

    /// The next device to push to, or nil when none waits or the limits are reached.
    mutating func start() -> DeviceID? {
        guard let (destination, standing) = nextTurn() else { return nil }
        let device = lanes[destination]!.waiting.removeFirst()
        lanes[destination]!.underWay += 1
        lanes[destination]!.hasTurn = false
        giveTurn(to: destination)
        underWay[standing, default: 0] += 1
        entries[device]!.phase = .pushing(hasNews: false, tryNow: false, standing: standing)
        pushing[entries[device]!.user, default: []].insert(device)
        return device
    }

    /// What the device has taken and the store has not: to be written down before anything else is pushed.
    func unstored(of device: DeviceID) -> CallbackDelivery? { entries[device]?.unstored }

    private mutating func nextTurn() -> (destination: String, standing: Standing)? {
        for standing in Standing.allCases where hasRoom(for: standing) {
            if let destination = turns[standing]?.popFirst() { return (destination, standing) }
        }
        return nil
    }

    private func hasRoom(for standing: Standing) -> Bool {
        var count = 0
        for other in Standing.allCases.reversed() {
            count += underWay[other] ?? 0
            if other.rawValue <= standing.rawValue, count >= other.maximumUnderWay { return false }
        }
        return true
    }

    /// A push has ended. One that rests and was told to try now is to start again at once.
    mutating func finished(_ device: DeviceID, _ result: Result, uptime: Duration, random: Double) -> Next {
        guard var entry = entries[device], case .pushing(let hasNews, let tryNow, let standing) = entry.phase else {
            return .nothing
        }
        leave(device, of: entry.user, standing)
        lanes[entry.destination]!.underWay -= 1
        defer { tidy(entry.destination) }
        switch result {
        case .drained, .more: trusted.insert(entry.destination)
        case .failed: trusted.remove(entry.destination)
        case .storeFailed, .stopped: break
        }
        guard let pause = entry.learn(from: result, uptime: uptime, random: random) else {
            entries[device] = nil
            return hasNews || tryNow || result == .more ? .look(entry.user) : .nothing
        }
        entries[device] = entry
        if tryNow {
            enqueue(device)
            return .nothing
        }
        lastTicket += 1
        entries[device]!.phase = .resting(ticket: lastTicket)
        return .rest(pause, ticket: lastTicket)
    }

    private mutating func leave(_ device: DeviceID, of user: UserID, _ standing: Standing) {
        pushing[user]!.remove(device)
        if pushing[user]!.isEmpty { pushing[user] = nil }
        underWay[standing, default: 0] -= 1
    }

    private mutating func enqueue(_ device: DeviceID) {
        entries[device]!.phase = .waiting
        let destination = entries[device]!.destination
        lanes[destination, default: Lane()].waiting.append(device)
        giveTurn(to: destination)
    }

    private mutating func giveTurn(to destination: String) {
        let isTrusted = trusted.contains(destination)
        guard let lane = lanes[destination], !lane.hasTurn, let next = lane.waiting.first,
            lane.underWay < (isTrusted ? Self.maximumPerTrusted : Self.maximumPerUntrusted)
        else { return }
        lanes[destination]!.hasTurn = true
        let standing: Standing = isTrusted ? .trusted : entries[next]!.isFailing ? .failing : .fresh
        turns[standing, default: []].append(destination)
    }

    private mutating func tidy(_ destination: String) {
        giveTurn(to: destination)
        if let lane = lanes[destination], lane.waiting.isEmpty, lane.underWay == 0 { lanes[destination] = nil }
    }
}
