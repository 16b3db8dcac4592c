import KeyLog
import MessengerCrypto

/// Reads what messages say of groups: looks up whom they name, and verifies what they signed.
struct GroupReader: Sendable {
    let parts: ClientParts
    let directory: Directory

    /// Nil when the message has nothing to do with a group.
    ///
    /// Throws, so that the message is taken again later, when the network is needed and cannot be had.
    func arrival(
        _ message: Message, _ content: MessageContent?, isInGroup: Bool, from sender: Person, peer: AccountID, own: AccountID
    ) async throws -> GroupArrival? {
        var update = GroupUpdate()
        if case .group(let carried) = content { update = carried } else if !isInGroup { return nil }
        guard let id = isInGroup ? message.conversation : update.group, update.group == nil || update.group == id else {
            return nil
        }
        let device = try parts.profile.fingerprint()
        var arrival = GroupArrival(
            group: id, isInGroup: isInGroup, me: own, username: parts.profile.username, device: device, now: parts.clock.now())
        arrival.isAsked = update.asks == device
        arrival.asksAnother = update.asks != nil && update.asks != device
        // What one's own device says to others is theirs to compare.
        if sender.account != own || peer == own { arrival.have = update.have }
        try await look(for: update.people)
        try await verify(update, into: &arrival)
        return arrival
    }

    /// Whom cannot be looked up is passed over; what he signed does not count then.
    private func look(for names: [String]) async throws {
        for name in Set(names).prefix(GroupChange.maximumMembers * 2) {
            do {
                _ = try await directory.person(named: name.precomposedStringWithCanonicalMapping)
            } catch let error as MessengerError where error.isAboutOnePerson {
                continue
            } catch let failure as APIFailure where !failure.endsSession && failure.status < 500 && failure.status != 429 {
                continue
            }
        }
    }

    private func verify(_ update: GroupUpdate, into arrival: inout GroupArrival) async throws {
        let known = try await parts.store.knownChanges(update.changes.map { GroupChangeHash(of: $0.object) })
        for signed in update.changes {
            let hash = GroupChangeHash(of: signed.object)
            if known.contains(hash) { continue }
            guard let chain = try await chain(of: signed.object.author), VerifiedGroupChange(signed, chain: chain) != nil else {
                continue
            }
            if chain.standing(of: signed.object.device) != .current { arrival.fromRemovedDevices.insert(hash) }
            arrival.changes.append(signed)
        }
        if let name = update.name, let chain = try await chain(of: name.object.author), name.isValid(by: chain) {
            arrival.name = name
        }
    }

    private func chain(of account: AccountID) async throws -> AccountChain? {
        try await directory.person(with: account)?.chain
    }
}

extension MessengerError {
    /// Others can be written to all the same.
    var isAboutOnePerson: Bool {
        switch self {
        case .unknownUser, .noKeys, .newAccount, .directory: true
        default: false
        }
    }
}
