/// Whether and when a stream that has ended is begun again: the contract's rules, without sockets or clocks.
struct StreamResumption {
    /// How a stream ended.
    enum Ending: Equatable, Sendable {
        /// The server said that it stops, or simply ended it.
        case closed
        /// It broke, was silent for too long, or could not be begun; the server may have said how long to wait.
        case failed(retryAfter: Duration? = nil)
        case replaced
        case loggedOut
        /// What the server shows cannot be true.
        case disbelieved(MessengerError)
    }

    enum Next: Equatable, Sendable {
        case begin(after: Duration)
        case stop(MessengerError)
    }

    static let firstPause: Duration = .milliseconds(500)
    static let longestPause: Duration = .seconds(60)

    private var failures = 0

    /// The stream works: something came over it.
    mutating func succeeded() { failures = 0 }

    /// - Parameter random: from 0 to 1. A pause is anywhere between half and the whole of what is due, so that clients which
    ///   lost the server at once do not come back at once.
    mutating func next(after ending: Ending, random: Double) -> Next {
        switch ending {
        case .replaced: return .stop(.replaced)
        case .loggedOut: return .stop(.loggedOut)
        case .disbelieved(let error): return .stop(error)
        case .closed: return .begin(after: pause(atLeast: .zero, random))
        case .failed(let retryAfter): return .begin(after: pause(atLeast: retryAfter ?? .zero, random))
        }
    }

    private mutating func pause(atLeast least: Duration, _ random: Double) -> Duration {
        let due = min(Self.firstPause * (1 << min(failures, 16)), Self.longestPause)
        failures += 1
        return max(due / 2 + due / 2 * random, least)
    }
}
