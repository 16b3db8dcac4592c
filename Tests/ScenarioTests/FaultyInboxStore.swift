import MessengerAPI
import MessengerCore
import Synchronization

/// An inbox store with one fault that the ledger must find.
final class FaultyInboxStore: InboxStore {
    enum Fault: Sendable {
        /// Every 20th batch is answered as accepted, and not stored.
        case answersBeforeCommit
        /// A message that comes again under its key is stored again.
        case ignoresKeys
        /// Three pages of each reader come with their first two messages swapped; not those for callbacks, which skip what is behind the cursor
        /// by themselves and would show a lost message instead.
        case swapsMessages
        /// What is handed out counts as acknowledged.
        case acknowledgesOnWrite
    }

    private let base: any InboxStore
    private let fault: Fault
    private let state = Mutex((batches: 0, swaps: [DeviceID: Int]()))

    init(_ base: any InboxStore, _ fault: Fault) {
        self.base = base
        self.fault = fault
    }

    func append(_ submissions: [Submission]) async throws -> AppendResult {
        let count = state.withLock { state in
            state.batches += 1
            return state.batches
        }
        switch fault {
        case .answersBeforeCommit where count % 20 == 0:
            return AppendResult(outcomes: submissions.map { .accepted(receivers: $0.messages.count) }, stored: [])
        case .ignoresKeys: return try await base.append(submissions.map(Self.withoutKey))
        default: return try await base.append(submissions)
        }
    }

    private func isPushedTo(_ device: DeviceID) async throws -> Bool {
        guard let callbacks = base as? any CallbackStore else { return false }
        return try await callbacks.callbackTarget(of: device) != nil
    }

    private static func withoutKey(_ submission: Submission) -> Submission {
        Submission(
            sender: submission.sender, senderUsername: submission.senderUsername, messages: submission.messages,
            sendDate: submission.sendDate, key: nil, fingerprint: [], now: submission.now)
    }

    func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage? {
        guard let page = try await base.pending(for: device, after: after, limit: limit, bytes: bytes) else { return nil }
        switch fault {
        case .answersBeforeCommit, .ignoresKeys: return page
        case .swapsMessages:
            guard page.messages.count > 1, try await !isPushedTo(device) else { return page }
            let swaps = state.withLock { state in
                state.swaps[device, default: 0] += 1
                return state.swaps[device, default: 0]
            }
            guard swaps <= 3 else { return page }
            var messages = page.messages
            messages.swapAt(0, 1)
            return PendingPage(messages: messages, start: page.start, head: page.head)
        case .acknowledgesOnWrite:
            guard let last = page.messages.last else { return page }
            // The first login of a device has generation 1.
            _ = try await base.acknowledge([
                Acknowledgement(
                    device: device, generation: 1, through: last.number, byCallback: false, now: TimeSource.system.now())
            ])
            return page
        }
    }

    func remembered(
        _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp
    ) async throws -> SubmissionOutcome? {
        try await base.remembered(key, of: sender, fingerprint: fingerprint, now: now)
    }

    func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        try await base.acknowledge(acknowledgements)
    }

    func heads(of users: [UserID]) async throws -> [UserID: MessageNumber] { try await base.heads(of: users) }

    func sweep(_ sweep: Sweep) async throws -> SweepOutcome { try await base.sweep(sweep) }
}
