import MessengerCore

/// The signal between processes: what is committed here goes to the readers here from memory, and to others as a hint.
struct ClusterSignal: InboxSignal {
    let local: LocalSignal
    let send: @Sendable ([HintDestination: Hints]) -> Void

    func announce(_ stored: [InboxMessage], hints: [HintDestination: Hints]) {
        local.announce(stored, hints: hints)
        if !hints.isEmpty { send(hints) }
    }

    func subscribe(_ onNews: @escaping @Sendable (InboxNews) -> Void) { local.subscribe(onNews) }
}
