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
    static let maximumPerTrusted = 32
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

    private struct Entry {
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
    private var lanes: [String: Lane] = [:]
    private var trusted: Set<String> = []
    private var turns: Deque<String> = []
    private var trustedTurns: Deque<String> = []
    private var underWay = 0
    private var untrustedUnderWay = 0
    private var lastTicket = 0

    /// The device has something to push. A resting one goes on resting.
    mutating func due(_ device: DeviceID, destination: String) {
        switch entries[device]?.phase {
        case nil:
            entries[device] = Entry(phase: .waiting, destination: destination)
            enqueue(device)
        case .pushing(_, let tryNow, let isTrusted):
            entries[device]!.phase = .pushing(hasNews: true, tryNow: tryNow, isTrusted: isTrusted)
        case .resting: entries[device]!.destination = destination
        case .waiting: break
        }
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
        return device
    }

    private mutating func nextTurn() -> (destination: String, isTrusted: Bool)? {
        if let destination = trustedTurns.popFirst() { return (destination, true) }
        guard untrustedUnderWay < Self.maximumUntrusted else { return nil }
        return turns.popFirst().map { ($0, false) }
    }

    /// A push has ended; after a failure, how long the device rests, and the ticket to come back with.
    mutating func finished(
        _ device: DeviceID, _ result: Result, uptime: Duration, random: Double
    ) -> (pause: Duration, ticket: Int)? {
        guard var entry = entries[device], case .pushing(let hasNews, let tryNow, let isTrusted) = entry.phase else { return nil }
        underWay -= 1
        if !isTrusted { untrustedUnderWay -= 1 }
        if result == .failed {
            trusted.remove(entry.destination)
        } else if result != .stopped {
            trusted.insert(entry.destination)
        }
        lanes[entry.destination]!.underWay -= 1
        defer { tidy(entry.destination) }
        if result == .failed, !tryNow {
            lastTicket += 1
            let pause = entry.pause.next(uptime: uptime, random: random)
            entry.phase = .resting(ticket: lastTicket)
            entries[device] = entry
            return (pause, lastTicket)
        }
        if result != .failed { entries[device]!.pause = RetryPause() }
        if hasNews || tryNow || result == .more { enqueue(device) } else { entries[device] = nil }
        return nil
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
