import Logging
import MessengerAPI
import ServiceLifecycle

/// Pushes waiting messages to the devices that have an address: one at a time per device, in order, each acknowledged
/// durably before the next, so that a crash repeats at most one message per device.
public struct CallbackDispatcher: Service {
    static let pollInterval = Duration.seconds(5)
    static let pageSize = 100
    /// A message that its address refuses for this long is passed over.
    static let refusalPatience = Duration.hours(24)

    private let inbox: Inbox
    private let store: any CallbackStore
    private let pusher: any CallbackPusher
    private let mayPush: @Sendable (DeviceID) -> Bool
    private let mailbox: CallbackMailbox
    private let gate = CallbackGate()
    private let time: TimeSource
    /// What failures and secrets are timed by; `webhook-timestamp` is the wall clock's.
    private let undisturbed: TimeSource
    private let random: @Sendable () -> Double
    private let polls: Bool
    private let outages: StoreOutages
    private let logger: Logger

    /// - Parameters:
    ///   - mayPush: asked before each push; false while the device has a live stream.
    ///   - random: from 0 to 1, for the jitter.
    ///   - polls: false switches the poll off after the first look, so that a test sees lost signals.
    public init(
        inbox: Inbox, store: any CallbackStore, pusher: any CallbackPusher,
        mayPush: @escaping @Sendable (DeviceID) -> Bool, mailbox: CallbackMailbox, time: TimeSource,
        random: @escaping @Sendable () -> Double = { .random(in: 0...1) }, polls: Bool, outages: StoreOutages, logger: Logger
    ) {
        self.inbox = inbox
        self.store = store
        self.pusher = pusher
        self.mayPush = mayPush
        self.mailbox = mailbox
        self.time = time
        undisturbed = time.undisturbed
        self.random = random
        self.polls = polls
        self.outages = outages
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await poll() }
                var schedule = CallbackSchedule()
                while let batch = await mailbox.next() {
                    let next = ContinuousClock.now + (batch.isShared ? store.lookSpacing : .zero)
                    let starts = await apply(batch, to: &schedule) { device, pause, ticket in
                        group.addTask {
                            guard (try? await time.sleep(pause)) != nil else { return }
                            mailbox.add { $0.rested.append((device, ticket)) }
                        }
                    }
                    while let device = schedule.start() {
                        let unstored = schedule.unstored(of: device)
                        group.addTask(executorPreference: pusher.executor(for: device)) {
                            let result = await push(to: device, beginningWith: starts[device], unstored: unstored)
                            mailbox.add { $0.finished.append((device, result)) }
                        }
                    }
                    try? await Task.sleep(until: next)
                }
            }
        }
    }

    private func poll() async {
        mailbox.add { $0.all = true }
        guard polls else { return }
        while (try? await time.sleep(Self.pollInterval)) != nil { mailbox.add { $0.all = true } }
    }

    /// What pushes that begin now may begin with.
    private func apply(
        _ batch: CallbackMailbox.Batch, to schedule: inout CallbackSchedule, rest: (DeviceID, Duration, Int) -> Void
    ) async -> [DeviceID: CallbackStart] {
        var starts: [DeviceID: CallbackStart] = [:]
        let underWay = schedule.news(of: batch.users)
        var users = batch.users
        for (device, result) in batch.finished {
            switch schedule.finished(device, result, uptime: time.uptime(), random: random()) {
            case .nothing: break
            case .look(let user): users.insert(user)
            case .rest(let pause, let ticket):
                await pusher.release(device)
                rest(device, pause, ticket)
            }
        }
        for (device, ticket) in batch.rested { schedule.rested(device, ticket: ticket) }
        if batch.all || !users.isEmpty {
            let others = underWay.subtracting(batch.finished.lazy.map(\.device))
            do {
                for due in try await store.callbacksDue(of: batch.all ? nil : Array(users), besides: others) {
                    guard let address = CallbackAddress(due.address) else { continue }
                    schedule.due(due.device, of: due.user, destination: address.destination, hasFailed: due.hasFailed)
                    starts[due.device] = due.start
                }
            } catch {
                outages.failed("looking up which callbacks are due", error)
            }
        }
        for device in batch.tryNow { schedule.tryNow(device) }
        return starts
    }

    /// Pushes a page, or until something stops it.
    /// - Parameter unstored: what the device has taken already, to be written down before.
    private func push(
        to device: DeviceID, beginningWith start: CallbackStart?, unstored: CallbackDelivery?
    ) async -> CallbackSchedule.Result {
        do {
            if let unstored { try await settle(unstored, by: device) }
            // What was found before that shows the cursor as it was.
            guard let start = if let start, unstored == nil { start } else { try await self.start(of: device) } else {
                await pusher.release(device)
                return .stopped
            }
            let (target, page) = (start.target, start.page)
            var cursor = target.cursor
            var ready: (message: MessageNumber, request: CallbackRequest)?
            for (index, message) in page.messages.enumerated() where message.number > cursor {
                let next = page.messages.dropFirst(index + 1).first
                let outcome = try await exchange(
                    ready?.message == message.number ? ready!.request : request(for: message, to: target), with: target)
                // Made while this one is written down.
                async let following = next.map { ($0.number, request(for: $0, to: target)) }
                guard let reached = try await settle(outcome, of: message, with: target) else { return .failed }
                cursor = reached
                ready = await following
            }
            return page.messages.isEmpty || cursor >= page.head ? .drained : .more
        } catch InboxError.superseded {
            // The device has logged out or in again; its own sign starts it again.
            await pusher.release(device)
            return .stopped
        } catch is Stopped {
            return .stopped
        } catch let error as Unstored {
            outages.failed("writing down that device \(device) has taken message \(error.delivery.number)", error.cause)
            return .storeFailed(unstored: error.delivery)
        } catch {
            outages.failed("pushing to device \(device)", error)
            return .storeFailed(unstored: nil)
        }
    }

    private func settle(_ delivery: CallbackDelivery, by device: DeviceID) async throws {
        do {
            _ = try await acknowledge(delivery, by: device)
        } catch is InboxError {
            // A newer login, or a restored inbox, goes on from where its own cursor is.
        }
    }

    private struct Unstored: Error {
        let delivery: CallbackDelivery
        let cause: any Error
    }

    /// The device's cursor once it is durable. Throws `InboxError`, or `Unstored` when the store fails.
    private func acknowledge(_ delivery: CallbackDelivery, by device: DeviceID) async throws -> MessageNumber {
        do {
            return try await inbox.acknowledge(
                through: delivery.number, for: device, generation: delivery.generation, byCallback: true)
        } catch let error as InboxError {
            throw error
        } catch {
            throw Unstored(delivery: delivery, cause: error)
        }
    }

    private func start(of device: DeviceID) async throws -> CallbackStart? {
        guard let target = try await store.callbackTarget(of: device) else { return nil }
        return CallbackStart(target: target, page: try await inbox.pending(for: device, limit: Self.pageSize))
    }

    private struct Stopped: Error {}

    /// The device's cursor, when it is past this message; nil after a failure of the address. Throws `Stopped`, `InboxError`,
    /// `Unstored` or what the store throws. That the acknowledgement was taken proves that the target still holds.
    private func settle(
        _ outcome: CallbackOutcome, of message: InboxMessage, with target: CallbackTarget
    ) async throws -> MessageNumber? {
        switch outcome.verdict {
        case .delivered:
            return try await acknowledge(
                CallbackDelivery(number: message.number, generation: target.generation), by: target.device)
        case .removed:
            logger.info("Callback address answered 410 and is removed", metadata: ["device": "\(target.device)"])
            try await store.removeAddress(of: target.device, generation: target.generation)
            throw Stopped()
        case .refused:
            if let refusal = target.refusal, refusal.number == message.number,
                undisturbed.now() - refusal.since >= Self.refusalPatience
            {
                logger.warning(
                    "Callback address refused a message for a day; passed over",
                    metadata: ["device": "\(target.device)", "message": "\(message.number)", "outcome": "\(outcome)"])
                try await store.passOver(message.number, device: target.device, generation: target.generation)
                return message.number
            }
        case .retry: break
        }
        logger.debug("Callback failed", metadata: ["device": "\(target.device)", "outcome": "\(outcome)"])
        await noteFailure(
            CallbackFailure(
                device: target.device, generation: target.generation, at: undisturbed.now(),
                refused: outcome.verdict == .refused ? message.number : nil))
        return nil
    }

    /// What cannot be written down now will be when the address fails again.
    private func noteFailure(_ failure: CallbackFailure) async {
        do {
            try await store.callbackFailed(failure)
        } catch {
            outages.failed("writing down that a callback to device \(failure.device) failed", error)
        }
    }

    private func exchange(_ request: CallbackRequest, with target: CallbackTarget) async throws -> CallbackOutcome {
        await gate.enter(target.destination)
        defer { gate.leave(target.destination) }
        if !mayPush(target.device) || Task.isCancelled { throw Stopped() }
        return await pusher.push(request)
    }

    private func request(for message: InboxMessage, to target: CallbackTarget) -> CallbackRequest {
        let body = message.delivered.json
        let headers = WebhookSignature.headers(
            id: "\(target.user).\(message.number)", timestamp: time.now(), body: body,
            secrets: target.secrets(at: undisturbed.now()))
        return CallbackRequest(
            device: target.device, address: target.address, origin: target.origin, headers: headers, body: body)
    }
}
