import MessengerAPI

/// Takes messages in, gives out what waits, and takes acknowledgements.
public struct Inbox: Sendable {
    /// The most messages and bytes in one commit.
    private static let batchMessages = 256
    private static let batchBytes = 4 << 20
    private static let batchAcknowledgements = 1_024

    public static let defaultPage = 100
    public static let maximumPage = 1_000
    public static let pageBytes = 256 << 10

    private let store: any InboxStore
    private let time: TimeSource
    private let hasFreeDisk: @Sendable () -> Bool
    private let appends: GroupCommit<Submission, SubmissionOutcome>
    private let acknowledgements: GroupCommit<Acknowledgement, AcknowledgementOutcome>

    /// - Parameters:
    ///   - hasFreeDisk: false while sends must be refused because the disk is nearly full.
    ///   - onUnknownOutcome: called when a commit got no answer: who waited cannot know what is stored.
    public init(
        store: any InboxStore, signal: any InboxSignal, time: TimeSource, hasFreeDisk: @escaping @Sendable () -> Bool,
        onUnknownOutcome: @escaping @Sendable (any Error) -> Void
    ) {
        self.store = store
        self.time = time
        self.hasFreeDisk = hasFreeDisk
        appends = GroupCommit(
            maximumItems: Self.batchMessages, maximumBytes: Self.batchBytes, size: \.size,
            spacing: { store.commitSpacing }, executor: store.executor
        ) { batch in
            let result = try await Self.watching(onUnknownOutcome) { try await store.append(batch) }
            signal.announce(result.stored, hints: result.hints)
            return result.outcomes
        }
        acknowledgements = GroupCommit(
            maximumItems: Self.batchAcknowledgements, spacing: { store.commitSpacing }, executor: store.executor
        ) { batch in
            try await Self.watching(onUnknownOutcome) { try await store.acknowledge(batch) }
        }
    }

    /// Stores the messages for all their receivers or for none; durable on return. The number of receivers.
    /// Throws `SendRefusal` or `StoreError`.
    public func accept(_ attempt: SendAttempt, from session: Session) async throws -> Int {
        let submission = attempt.submission(from: session, now: time.now())
        if let refusal = attempt.refusal(from: session) ?? (hasFreeDisk() ? nil : .diskFull) {
            // A key that was used before answers first, whatever else is wrong now.
            guard let key = attempt.key,
                let outcome = try await store.remembered(
                    key, of: session.user, fingerprint: submission.fingerprint, now: submission.now)
            else { throw refusal }
            return try Self.receivers(outcome)
        }
        return try Self.receivers(await appends.submit(submission))
    }

    /// The same for what needs nothing but a commit, without a task: calls back with the number of receivers or the error.
    /// False, and nothing is done, when the attempt is refused before; the other `accept` says why.
    public func accept(
        _ attempt: SendAttempt, from session: Session, completion: @escaping @Sendable (Result<Int, any Error>) -> Void
    ) -> Bool {
        guard hasFreeDisk(), attempt.refusal(from: session) == nil else { return false }
        appends.submit(attempt.submission(from: session, now: time.now())) { result in
            completion(result.flatMap { outcome in Result { try Self.receivers(outcome) } })
        }
        return true
    }

    /// What waits for the session's device. Throws `InboxError` or `StoreError`.
    public func pending(
        for device: DeviceID, after: MessageNumber = .zero, limit: Int = Inbox.defaultPage
    ) async throws -> PendingPage {
        guard let page = try await store.pending(for: device, after: after, limit: limit, bytes: Self.pageBytes) else {
            throw InboxError.superseded
        }
        guard after <= page.head else { throw InboxError.aheadOfInbox(head: page.head) }
        return page
    }

    /// The device has everything up to `through`; durable on return. Its cursor. Throws `InboxError` or `StoreError`.
    public func acknowledge(
        through: MessageNumber, for device: DeviceID, generation: Int64, byCallback: Bool = false
    ) async throws -> MessageNumber {
        let outcome = try await acknowledgements.submit(
            Acknowledgement(device: device, generation: generation, through: through, byCallback: byCallback, now: time.now()))
        switch outcome {
        case .cursor(let cursor): return cursor
        case .ahead(let head): throw InboxError.aheadOfInbox(head: head)
        case .superseded: throw InboxError.superseded
        }
    }

    private static func receivers(_ outcome: SubmissionOutcome) throws(SendRefusal) -> Int {
        switch outcome {
        case .accepted(let receivers), .repeated(let receivers): return receivers
        case .keyReused: throw .keyReused
        case .unknownReceivers(let users): throw .unknownReceivers(users)
        case .staleKeys(let stale): throw .staleKeys(stale)
        case .fullReceivers(let users): throw .fullReceivers(users)
        case .tooManyKeys: throw .tooManyKeys
        case .unknownSender: throw .senderGone
        }
    }

    private static func watching<Value: Sendable>(
        _ onUnknownOutcome: @Sendable (any Error) -> Void, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch let error as StoreError where error.leavesOutcomeUnknown {
            onUnknownOutcome(error)
            throw error
        }
    }
}

public enum InboxError: Error, Equatable, Sendable {
    /// A number beyond the newest message, which is this one.
    case aheadOfInbox(head: MessageNumber)
    /// The device has gone, or another login goes on with it.
    case superseded
}
