import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// How a device comes to belong to an account.
extension Messenger {
    /// Nil only while this device waits for a link.
    public var account: AccountID? { parts.profile.account }

    public var standing: Standing {
        get async throws {
            guard parts.profile.account != nil else { return .waitingForLink }
            let own = try await explaining {
                do { try await self.log.refresh() } catch MessengerError.unreachable {}
                return try await self.directory.own()
            }
            return own.chain.standing(of: try parts.profile.fingerprint()) == .current ? .certified : .revoked
        }
    }

    /// Where this device made the account and has not forgotten it.
    public func recoverySecret() async throws -> RecoverySecret? {
        parts.profile.current.recoverySecret.flatMap { RecoverySecret(SecretBytes($0)) }
    }

    /// Once it is on paper. The account key stays, so that this device can certify others.
    public func forgetRecoverySecret() async throws {
        try await parts.profile.update { $0.recoverySecret = nil }
        try await parts.store.forgetTraces()
    }

    /// Makes an account, certifies this device in one with the recovery secret, or leaves it waiting for a link. Nothing
    /// happens when it belongs to one already.
    func establish(_ recovery: RecoverySecret?) async throws {
        if parts.profile.account == nil {
            do {
                let person = try await directory.person(named: username)
                guard let recovery else { return }
                try await certifyThisDevice(in: person.chain, with: recovery)
            } catch MessengerError.noKeys {
                try await makeAccount(recovery ?? RecoverySecret())
            }
        }
        try await prepare()
    }

    func editor(_ accountKey: SigningKey) async throws -> AccountEditor {
        AccountEditor(server: try await log.server(), accountKey: accountKey, now: parts.clock.now())
    }

    /// - Parameter old: the account whose place it takes, which ends with it.
    func makeAccount(_ secret: RecoverySecret, replacing old: AccountID? = nil) async throws {
        let key = try secret.accountKey()
        let edit = try await editor(key).begin(
            name: try await log.label(of: username), deviceKey: parts.profile.deviceKey.publicKey, suite: parts.profile.suite,
            flags: .holdsAccountKey)
        try await adopt(edit, account: edit.state.object.account, key: key, secret: secret, replacing: old)
    }

    private func certifyThisDevice(in chain: AccountChain, with recovery: RecoverySecret) async throws {
        let key = try recovery.accountKey()
        guard key.publicKey == chain.accountKey else {
            throw MessengerError.invalid("This recovery secret belongs to another account.")
        }
        let edit = try await editor(key).add(
            deviceKey: parts.profile.deviceKey.publicKey, suite: parts.profile.suite, flags: .holdsAccountKey, to: chain)
        try await adopt(edit, account: chain.account, key: key, secret: nil)
    }

    /// In the store before the server hears of it, so that a crash leaves no account without its key.
    private func adopt(
        _ edit: AccountEditor.Edit, account: AccountID, key: SigningKey, secret: RecoverySecret?, replacing old: AccountID? = nil
    ) async throws {
        try await parts.profile.update { identity in
            identity.account = Data(account.bytes)
            identity.accountSeed = Data(key.seed.exposed)
            identity.recoverySecret = secret.map { Data($0.bytes.exposed) }
            identity.unpublishedState = Data(edit.state.bytes)
            identity.unpublishedCertificates = edit.certificates.map { Data($0.bytes) }
            identity.unpublishedReplaces = old.map { Data($0.bytes) }
        }
        try await publishPending()
    }

    /// Publishes a state that was signed here. The same bytes again after a lost answer change nothing at the server. One that
    /// another device was faster than is dropped.
    func publishPending() async throws {
        let identity = parts.profile.current
        guard let state = identity.unpublishedState else { return }
        do {
            try await parts.api.publish(
                PublishStateRequest(
                    state: Base64Bytes(Array(state)),
                    certificates: identity.unpublishedCertificates.map { Base64Bytes(Array($0)) },
                    replaces: identity.unpublishedReplaces.map { Base64Bytes(Array($0)) }),
                token: try parts.profile.token())
        } catch let failure as APIFailure where failure.type == "stale-state" {
            let isJoining = identity.unpublishedCertificates.contains { certificate in
                Signed<DeviceCertificate>(Array(certificate))?.object.deviceKey == parts.profile.deviceKey.publicKey
            }
            try await parts.profile.update { identity in
                identity.dropPublication()
                if isJoining { identity.leaveAccount() }
            }
            throw MessengerError.invalid("Another device has changed the account meanwhile; try again.")
        }
        try await parts.profile.update { $0.settlePublication() }
    }

    /// Changes the account with the account key that is here.
    /// - Parameter next: the secret of another account key, if the change brings one.
    func change(
        next: RecoverySecret? = nil, _ make: @Sendable (AccountEditor, AccountChain) throws -> AccountEditor.Edit
    ) async throws {
        let key = try parts.profile.accountKey()
        try await publishPending()
        try await log.refresh()
        let chain = try await directory.own().chain
        // Another device may have renewed it.
        guard key.publicKey == chain.accountKey else { throw MessengerError.accountKeyNotHere }
        let edit = try make(try await editor(key), chain)
        let nextKey = try next?.accountKey()
        try await parts.profile.update { identity in
            identity.unpublishedState = Data(edit.state.bytes)
            identity.unpublishedCertificates = edit.certificates.map { Data($0.bytes) }
            identity.nextAccountSeed = nextKey.map { Data($0.seed.exposed) }
            identity.nextRecoverySecret = next.map { Data($0.bytes.exposed) }
        }
        try await publishPending()
        try await log.refresh()
    }
}
