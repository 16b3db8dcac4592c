/// Writes down every message that was sent and everything that arrived, and says what was wrong with it.
///
/// A message has an id of its own in its text, so that the ledger need not believe any number of the server.
actor DeliveryLedger {
    enum Kind: String, Sendable {
        case stream, fetch, callback
    }

    /// One device of a receiver.
    struct Reader: Hashable, Sendable, CustomStringConvertible {
        let inbox: Int64
        let device: Int64
        let kind: Kind

        var description: String { "\(kind.rawValue) \(device) of inbox \(inbox)" }
    }

    private struct Message {
        let receivers: Set<Int64>
        var acceptedAt: ContinuousClock.Instant?
        var isUnknown = false

        var isAccepted: Bool { acceptedAt != nil }
    }

    private struct Arrivals {
        var highest: Int64 = 0
        var ids: [Int64: String] = [:]
        var outstanding: Set<String> = []
        var repeats = 0
        /// How often it answered with an error what had arrived.
        var refusals = 0
    }

    private struct Inbox {
        var numbers: [String: Int64] = [:]
        var ids: [Int64: String] = [:]
    }

    private var messages: [String: Message] = [:]
    private var readers: [Reader: Arrivals] = [:]
    private var inboxes: [Int64: Inbox] = [:]
    private var seen = Verdict()
    /// How often each callback address may see a message again.
    private var allowedRepeats = 0
    private var slowest: [Kind: Duration] = [:]
    private let allowsUnavailable: Bool

    /// - Parameter allowsUnavailable: whether 503 may be an answer, since a fault leaves nobody to ask.
    init(allowsUnavailable: Bool = false) { self.allowsUnavailable = allowsUnavailable }

    /// The reader must get everything that is accepted for its inbox from now on.
    func expect(_ reader: Reader) { readers[reader] = Arrivals() }

    /// Before the request leaves.
    func sent(_ id: String, to receivers: [Int64]) {
        messages[id] = Message(receivers: Set(receivers))
        seen.sent += 1
    }

    /// The server has answered 200; a repeat of the answer changes nothing.
    func accepted(_ id: String) {
        guard let message = messages[id], !message.isAccepted else { return }
        messages[id]?.acceptedAt = .now
        messages[id]?.isUnknown = false
        for reader in readers.keys.filter({ message.receivers.contains($0.inbox) }) {
            let number = inboxes[reader.inbox]?.numbers[id]
            if number.flatMap({ readers[reader]?.ids[$0] }) != id { readers[reader]?.outstanding.insert(id) }
        }
    }

    /// No answer came: it may be stored or not.
    func unknown(_ id: String) {
        if messages[id]?.isAccepted == false { messages[id]?.isUnknown = true }
    }

    func arrived(_ number: Int64, _ id: String, at reader: Reader) {
        let what = "\(id) as \(number) at \(reader)"
        guard messages[id]?.receivers.contains(reader.inbox) == true else { return seen.neverSent.append(what) }

        if let earlier = inboxes[reader.inbox, default: Inbox()].ids.updateValue(id, forKey: number), earlier != id {
            seen.reusedNumbers.append("\(what), which was \(earlier)")
        }
        if let earlier = inboxes[reader.inbox]?.numbers.updateValue(number, forKey: id), earlier != number {
            seen.storedTwice.append("\(what), which was \(earlier)")
        }
        guard var arrivals = readers.removeValue(forKey: reader) else { return }
        if arrivals.ids.updateValue(id, forKey: number) == id {
            seen.repeated += 1
            arrivals.repeats += 1
        } else {
            seen.delivered += 1
            if let acceptedAt = messages[id]?.acceptedAt {
                slowest[reader.kind] = max(slowest[reader.kind] ?? .zero, .now - acceptedAt)
            }
            if number <= arrivals.highest { seen.outOfOrder.append("\(what), after \(arrivals.highest)") }
            arrivals.highest = max(arrivals.highest, number)
            arrivals.outstanding.remove(id)
        }
        readers[reader] = arrivals
    }

    /// Something that was measured, for the line about the run.
    func note(_ text: String) { seen.notes.append(text) }

    /// Anything else that must not be: an answer, an event.
    func surprise(_ what: String) { seen.surprises.append(what) }

    /// An answer that was not asked for.
    /// - Parameter saysWhen: whether it says when to try again, as 503 must.
    func refused(_ what: String, _ status: Int, _ text: String, saysWhen: Bool = true) {
        if status == 503, saysWhen, allowsUnavailable {
            seen.unavailable += 1
        } else {
            surprise("\(what) was answered \(status) \(text)\(saysWhen ? "" : ", without Retry-After")")
        }
    }

    /// A callback address got a message, and answered with an error: it comes again.
    func refusedCallback(at reader: Reader) { readers[reader]?.refusals += 1 }

    /// Something fails now: each callback address may see a message again, so often.
    func allowRepeats(_ count: Int) { allowedRepeats += count }

    /// The longest that an accepted message took to arrive since the last call; one that is due counts with its time so far.
    func takeSlowest(at kind: Kind) -> Duration {
        let due = readers.filter { $0.key.kind == kind }.values.flatMap(\.outstanding)
        let waits: [Duration] = due.compactMap { messages[$0]?.acceptedAt.map { .now - $0 } }
        return max(slowest.removeValue(forKey: kind) ?? .zero, waits.max() ?? .zero)
    }

    /// What was sent so far, and how many arrivals are still due for what was accepted.
    var progress: (sent: Int, outstanding: Int) {
        (seen.sent, readers.values.reduce(0) { $0 + $1.outstanding.count })
    }

    /// The judgement, for when nothing more will come.
    var verdict: Verdict {
        var verdict = seen
        verdict.accepted = messages.values.count { $0.isAccepted }
        verdict.unknown = messages.values.count { $0.isUnknown }
        for (reader, arrivals) in readers {
            verdict.lost += arrivals.outstanding.map { "\($0) at \(reader)" }
            if reader.kind == .callback, arrivals.repeats > arrivals.refusals + allowedRepeats {
                verdict.repeatedTooOften.append(
                    "\(arrivals.repeats) at \(reader), of \(arrivals.refusals) refused and \(allowedRepeats) allowed")
            }
        }
        verdict.torn = messages.filter { id, message in
            let stored = message.receivers.filter { inboxes[$0]?.numbers[id] != nil }
            let watched = message.receivers.filter { inbox in readers.keys.contains { $0.inbox == inbox } }
            return !message.isAccepted && !stored.isEmpty && stored.count < watched.count
        }.map(\.key)
        return verdict
    }
}
