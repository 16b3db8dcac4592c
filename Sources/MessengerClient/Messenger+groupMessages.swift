import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Messages in groups, and what keeps all members at the same changes.
extension Messenger {
    private static let mostDevicesForLongContent = 32
    private static let longContent = 4096
    private static let debtsAtOnce = 100

    /// Sends a text to all members. Throws `notInGroup`, `notFound`, and as `send(_:to:)` does.
    public func send(_ text: String, in group: ConversationID) async throws -> SentMessage {
        try await send(.text(text), in: group)
    }

    public func send(_ content: MessageContent, in group: ConversationID) async throws -> SentMessage {
        try await explaining {
            do { try await ensurePrepared() } catch MessengerError.unreachable {}
            return try await post(content, in: group)
        }
    }

    /// Puts a message into the outbox, and tries it.
    /// - Parameter upload: the one that the message is about, forgotten with it.
    func post(
        _ content: MessageContent, in group: ConversationID, finishing upload: PendingUpload.ID? = nil
    ) async throws -> SentMessage {
        let (draft, _) = try await draft(content, to: try await directory.own())
        try await check(content, for: group)
        let newDevices = try await noticeDevices(in: group)
        return try await deliver(try await parts.store.enqueue(draft, in: group, finishing: upload), newDevices: newDevices)
    }

    /// Throws what stands in the way of a message to this group.
    func check(_ content: MessageContent, for group: ConversationID) async throws {
        try await checkLength(of: content, in: group)
        try await checkSuites(content, in: group)
    }

    private func checkLength(of content: MessageContent, in group: ConversationID) async throws {
        let devices = try await self.group(group).members.reduce(0) { $0 + max($1.deviceCount, 1) }
        guard Self.isTooLong(content, for: devices) else { return }
        throw MessengerError.invalid("A message this long for so many devices goes as an attachment.")
    }

    /// Each device costs a slot, and each account the whole content.
    static func isTooLong(_ content: MessageContent, for devices: Int) -> Bool {
        devices > mostDevicesForLongContent && content.json(peer: nil).count > longContent
    }

    // MARK: What is owed

    /// Puts into the outbox what others are to hear, so that all have the same changes. What cannot be had now stays owed.
    func settleGroups() async throws {
        var isNews = false
        for debt in try await parts.store.groupDebts(limit: Self.debtsAtOnce) {
            if try await passingOver({ try await self.settleOrGiveUp(debt) }) != nil { isNews = true }
        }
        if isNews { outboxNews.raise() }
    }

    /// Whoever cannot be written to any more is owed nothing.
    private func settleOrGiveUp(_ debt: GroupDebt) async throws {
        do {
            try await settle(debt)
        } catch let error as MessengerError where error.isAboutOnePerson {
            try await parts.store.settle(debt, with: [])
        }
    }

    private func settle(_ debt: GroupDebt) async throws {
        let record = try await parts.store.groupRecord(debt.group)
        let names = try await parts.store.usernames(of: record?.accounts ?? [])
        if debt.kind == .announcement {
            guard let record else { return try await parts.store.settle(debt, with: []) }
            return try await announce(debt, record, names)
        }
        let person = try await receiver(debt.peer)
        guard person.account == debt.account else { return try await parts.store.settle(debt, with: []) }
        var updates: [GroupUpdate] = []
        if debt.kind == .question {
            updates = [GroupUpdate(group: debt.group, have: record?.have ?? [], asks: debt.device)]
        } else if let record, record.state.role(of: debt.account) != nil {
            updates = record.updates(with: record.lacking(debt.hashes), names: names, says: true)
        }
        try await parts.store.settle(debt, with: try await drafts(updates, to: person))
    }

    /// Members hear of it in the group, and who was added beside it and is not in the group after all, directly.
    private func announce(_ debt: GroupDebt, _ record: GroupRecord, _ names: [AccountID: String]) async throws {
        let changes = debt.hashes.compactMap { record.changes[$0] }
        let beside = record.changes(of: try parts.profile.fingerprint(), beside: debt.hashes)
        var direct: [OutgoingDraft] = []
        for account in record.outsiders(in: beside) {
            guard let person = try await directory.person(with: account) else { continue }
            direct += try await drafts(record.updates(with: changes, names: names, says: false), to: person)
        }
        let updates = record.updates(with: changes, names: names, says: false, inGroup: true)
        try await parts.store.settle(debt, with: direct, inGroup: try await drafts(updates, to: try await directory.own()))
    }

    private func drafts(_ updates: [GroupUpdate], to person: Person) async throws -> [OutgoingDraft] {
        var drafts: [OutgoingDraft] = []
        for update in updates { drafts.append(try await draft(.group(update), to: person).draft) }
        return drafts
    }
}
