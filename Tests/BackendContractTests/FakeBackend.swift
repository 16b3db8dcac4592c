import MessengerAPI
import MessengerCore
import Synchronization

/// The model behind the ports: a store without a disk.
final class FakeBackend: AccountStore, InboxStore, CallbackStore {
    private let model: Mutex<InboxModel>

    init(limits: InboxLimits = InboxLimits()) { model = Mutex(InboxModel(limits: limits)) }

    func addInvitation(_ code: TokenHash, expires: Timestamp) async throws { model.withLock { $0.invite(code, until: expires) } }

    func register(_ account: NewAccount) async throws -> UserID { try model.withLock { try $0.register(account) } }
    func account(named username: Username, from origin: String?) async throws -> Account? {
        model.withLock { $0.account(named: username, from: origin) }
    }
    func logIn(_ login: Login) async throws -> LoginOutcome { try model.withLock { try $0.logIn(login) } }
    func session(_ token: TokenHash, now: Timestamp) async throws -> Session? { model.withLock { $0.session(token, now: now) } }
    func refresh(_ tokens: [TokenHash], now: Timestamp) async throws { model.withLock { $0.refresh(tokens, now: now) } }
    func logOut(_ token: TokenHash) async throws { model.withLock { $0.logOut(token) } }
    func changePassword(of user: UserID, to hash: String, keeping kept: TokenHash) async throws -> [DeviceID] {
        model.withLock { $0.changePassword(of: user, to: hash, keeping: kept) }
    }
    func delete(_ user: UserID, now: Timestamp) async throws -> Bool { model.withLock { $0.delete(user) } }

    func append(_ submissions: [Submission]) async throws -> AppendResult {
        model.withLock { model in
            var stored: [InboxMessage] = []
            let outcomes = submissions.map { submission in
                let outcome = model.append(submission)
                if case .accepted = outcome { stored += submission.messages.map { model.users[$0.receiver]!.log.last!.message } }
                return outcome
            }
            return AppendResult(outcomes: outcomes, stored: stored)
        }
    }
    func remembered(
        _ key: IdempotencyKey, of sender: UserID, fingerprint: [UInt8], now: Timestamp
    ) async throws -> SubmissionOutcome? {
        model.withLock { $0.remembered(key, of: sender, fingerprint: fingerprint, now: now) }
    }
    func pending(for device: DeviceID, after: MessageNumber, limit: Int, bytes: Int) async throws -> PendingPage? {
        model.withLock { $0.pending(for: device, after: after, limit: limit, bytes: bytes) }
    }
    func acknowledge(_ acknowledgements: [Acknowledgement]) async throws -> [AcknowledgementOutcome] {
        model.withLock { model in acknowledgements.map { model.acknowledge($0) } }
    }
    func heads(of users: [UserID]) async throws -> [UserID: MessageNumber] {
        model.withLock { model in
            Dictionary(uniqueKeysWithValues: users.compactMap { user in model.users[user].map { (user, $0.next.previous) } })
        }
    }
    func sweep(_ sweep: Sweep) async throws -> SweepOutcome {
        model.withLock { model in
            let before = model.devices.keys
            model.sweep(sweep)
            var outcome = SweepOutcome()
            outcome.abandonedDevices = before.filter { model.devices[$0] == nil }
            return outcome
        }
    }

    func callbacksDue(of users: [UserID]?, besides others: Set<DeviceID>) async throws -> [CallbackDue] {
        model.withLock { $0.callbacksDue(of: users, besides: others) }
    }
    func callbackTarget(of device: DeviceID) async throws -> CallbackTarget? {
        model.withLock { $0.callbackTarget(of: device) }
    }
    func callbackFailed(_ failure: CallbackFailure) async throws { model.withLock { $0.callbackFailed(failure) } }
    func removeAddress(of device: DeviceID, generation: Int64) async throws {
        model.withLock { $0.removeAddress(of: device, generation: generation) }
    }
    func passOver(_ number: MessageNumber, device: DeviceID, generation: Int64) async throws {
        model.withLock { $0.passOver(number, device: device, generation: generation) }
    }
    func passedOver(by device: DeviceID) async throws -> [MessageNumber] { model.withLock { $0.passedOver(by: device) } }
    func forgetPassedOver(_ numbers: [MessageNumber], by device: DeviceID) async throws {
        model.withLock { $0.forgetPassedOver(numbers, by: device) }
    }
}
