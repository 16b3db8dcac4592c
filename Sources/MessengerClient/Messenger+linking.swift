import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// A new device comes to an account by another device of it.
extension Messenger {
    // MARK: The new device

    /// Asks to be certified. The code is shown by this device and read by the other one, and by nobody else.
    public func beginLinking(deviceName: String) async throws -> LinkingCode {
        try await explaining {
            guard parts.profile.account == nil else { throw MessengerError.invalid("This device has an account already.") }
            let linkKey = try KEMPrivateKey(suite: parts.profile.suite)
            let bundle = LinkBundle(
                deviceKey: parts.profile.deviceKey.publicKey, suite: parts.profile.suite, flags: [], linkKey: linkKey,
                name: deviceName)
            let code = LinkCode(for: bundle, server: try await log.server(), now: parts.clock.now())
            try await parts.api.postLinkNote(
                LinkNoteRequest(id: Base64Bytes(code.bundleID), data: Base64Bytes(bundle.bytes)), token: try parts.profile.token()
            )
            pendingLink = PendingLink(code: code, linkKey: linkKey)
            return LinkingCode(code)
        }
    }

    /// Looks whether the other device has answered: true once this one is certified. Throws `linkExpired`, `linkWrong`.
    public func finishLinking() async throws -> Bool {
        try await explaining {
            guard let link = pendingLink else { throw MessengerError.linkExpired }
            guard let sealed = try await parts.api.linkNote(id: link.code.answerID, token: try parts.profile.token()) else {
                if parts.clock.now() > link.code.expires {
                    pendingLink = nil
                    throw MessengerError.linkExpired
                }
                return false
            }
            guard let answer = LinkAnswer(sealed: sealed, linkKey: link.linkKey, code: link.code) else {
                throw MessengerError.linkWrong
            }
            try await log.refresh()
            let person = try await directory.person(named: username)
            let device = DeviceFingerprint(account: answer.account, key: parts.profile.deviceKey.publicKey)
            guard person.account == answer.account, person.chain.standing(of: device) == .current else {
                throw MessengerError.linkWrong
            }
            try await parts.profile.update { $0.account = Data(answer.account.bytes) }
            pendingHistory = link
            pendingLink = nil
            try await prepare()
            return true
        }
    }

    // MARK: The old device

    /// Reads a code and fetches what the new device says of itself. Throws `linkExpired`, `linkWrong`, `accountKeyNotHere`.
    public func linkRequest(_ text: String) async throws -> LinkRequest {
        try await explaining {
            _ = try parts.profile.accountKey()
            guard let code = LinkingCode.code(text), code.server == (try await log.server()) else {
                throw MessengerError.linkWrong
            }
            guard parts.clock.now() <= code.expires else { throw MessengerError.linkExpired }
            guard let bytes = try await parts.api.linkNote(id: code.bundleID, token: try parts.profile.token()) else {
                throw MessengerError.linkExpired
            }
            guard let bundle = LinkBundle(bytes), bundle.hash == code.bundleHash else { throw MessengerError.linkWrong }
            return LinkRequest(
                deviceName: bundle.name, isWeb: bundle.flags.contains(.web), isPostQuantum: bundle.suite.isPostQuantum,
                expires: Date(milliseconds: code.expires), bundle: bundle, code: code)
        }
    }

    /// So long the owner can think better of it.
    private static let pauseBeforeLinking: Duration = .seconds(5)

    /// Whether `approve` wants the passphrase of this store.
    public var hasPassphrase: Bool { get async throws { try parts.store.hasPassphrase() } }

    /// Certifies the new device, after a pause of five seconds in which the task can be cancelled. From then on it gets every
    /// message; earlier ones it gets by `sendHistory`. All other devices are told, and for a day offer to revoke it.
    ///
    /// - Parameter passphrase: of this store, if it has one; asked for now, so that nobody who finds the device open can do this.
    /// - Throws: `storeLocked` when it is another, `linkExpired`, `accountKeyNotHere`.
    public func approve(_ request: LinkRequest, passphrase: String? = nil) async throws {
        try await explaining {
            try parts.store.checkPassphrase(passphrase)
            try await parts.clock.sleep(Self.pauseBeforeLinking)
            guard parts.clock.now() <= request.code.expires else { throw MessengerError.linkExpired }
            let bundle = request.bundle
            try await change { editor, chain in
                try editor.add(
                    deviceKey: bundle.deviceKey, suite: bundle.suite, flags: bundle.flags.subtracting(.holdsAccountKey), to: chain
                )
            }
            let own = try await directory.own()
            let answer = LinkAnswer(account: own.account, firstSeq: own.chain.seq)
            try await parts.api.postLinkNote(
                LinkNoteRequest(
                    id: Base64Bytes(request.code.answerID),
                    data: Base64Bytes(try answer.sealed(for: bundle, code: request.code))),
                token: try parts.profile.token())
        }
    }
}
