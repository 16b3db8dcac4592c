/// What a ledger found: the messages and readers at fault, by the kind of fault.
struct Verdict: Sendable {
    var sent = 0
    var accepted = 0
    /// Sent, and never answered.
    var unknown = 0
    /// Arrivals for the first time, over all readers.
    var delivered = 0
    /// The same number with the same message once more, which is allowed.
    var repeated = 0
    /// Answers with 503, where they are allowed.
    var unavailable = 0
    /// What else was measured.
    var notes: [String] = []

    /// Accepted, but never arrived at a reader that should have it.
    var lost: [String] = []
    /// After a higher number, and not as a repeat.
    var outOfOrder: [String] = []
    /// A number that stands for two messages.
    var reusedNumbers: [String] = []
    /// A message under two numbers of one inbox.
    var storedTwice: [String] = []
    /// Not sent to this inbox, or altered on the way.
    var neverSent: [String] = []
    /// Not answered, and stored for some of its receivers only.
    var torn: [String] = []
    /// More often than callbacks may be, by what failed meanwhile.
    var repeatedTooOften: [String] = []
    /// Answers and events that must not be.
    var surprises: [String] = []

    private var faults: [(String, [String])] {
        [
            ("lost", lost), ("out of order", outOfOrder), ("number reused", reusedNumbers), ("stored twice", storedTwice),
            ("never sent", neverSent), ("torn", torn), ("repeated too often", repeatedTooOften), ("surprise", surprises),
        ].filter { !$0.1.isEmpty }
    }

    var isClean: Bool { faults.isEmpty }

    /// One line.
    var summary: String {
        "sent=\(sent) accepted=\(accepted) unknown=\(unknown) delivered=\(delivered) repeated=\(repeated) lost=\(lost.count)"
    }

    /// The first few faults of each kind.
    var findings: String {
        faults.map { name, cases in "\(name): \(cases.count), such as \(cases.prefix(5).joined(separator: "; "))" }
            .joined(separator: "\n")
    }
}
