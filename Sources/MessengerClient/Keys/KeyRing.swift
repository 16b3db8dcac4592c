import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// The private keys of this device that others seal to: made, published, rotated, refilled and destroyed.
///
/// A key is in the store before the server hears of it, so that nothing can be sealed to a key that a crash has lost.
actor KeyRing {
    struct Newest: Hashable, Sendable {
        let id: KeyID
        let created: UInt64
    }

    private let parts: ClientParts
    private let server: @Sendable () async throws -> ServerID
    private let turn = FIFOLock()
    private var countAtServer: Int?

    init(_ parts: ClientParts, server: @escaping @Sendable () async throws -> ServerID) {
        self.parts = parts
        self.server = server
    }

    /// What the server was found to have is asked anew at the next maintenance: a one-time key was used.
    func forgetCount() { countAtServer = nil }

    /// The newest rotating key that the server has; throws `notCertified` before the first.
    func newest() async throws -> Newest {
        let held = try await parts.store.heldKeys()
        guard let key = held.last(where: { $0.kind == .rotating && $0.isPublished }) else { throw MessengerError.notCertified }
        return Newest(id: key.id, created: key.created)
    }

    /// Does what is due. Safe to call at any time, and again after any failure.
    func maintain(mustRotate: Bool = false) async throws {
        try await turn.withLock { try await self.maintainAlone(mustRotate: mustRotate) }
    }

    private func maintainAlone(mustRotate: Bool) async throws {
        let store = parts.store
        let token = try parts.profile.token()
        let device = try parts.profile.fingerprint()
        try await publish(store.unpublishedRecords(), of: device, token: token)
        if countAtServer == nil { countAtServer = try await count(device, token: token) }
        let due = KeyLife.due(
            try await store.heldKeys(), atServer: countAtServer, storedThrough: try await store.storedThrough(),
            mustRotate: mustRotate, now: parts.clock.now())
        if due.rotates || due.oneTimeKeys > 0 {
            try await store.add(try await make(due, for: device))
            try await publish(store.unpublishedRecords(), of: device, token: token)
        }
        try await store.destroyKeys(due.destroyed)
    }

    private func count(_ device: DeviceFingerprint, token: String) async throws -> Int {
        do {
            return try await parts.api.keyCount(device: device.bytes, token: token).oneTime
        } catch let failure as APIFailure where failure.status == 404 {
            return 0
        }
    }

    private func make(
        _ due: KeyLife.Due, for device: DeviceFingerprint
    ) async throws -> [(key: KEMPrivateKey, record: Signed<KeyRecord>)] {
        let server = try await server()
        let account = try parts.profile.certifiedAccount()
        let now = parts.clock.now()
        let kinds =
            (due.rotates ? [KeyRecord.Kind.rotating] : []) + Array(repeating: KeyRecord.Kind.oneTime, count: due.oneTimeKeys)
        return try kinds.map { kind in
            let key = try KEMPrivateKey(suite: parts.profile.suite)
            let record = KeyRecord(kind: kind, account: account, device: device, created: now, key: key)
            return (key, try Signed(record, by: parts.profile.deviceKey, server: server))
        }
    }

    /// The same records again after a lost answer change nothing at the server.
    private func publish(_ records: [Signed<KeyRecord>], of device: DeviceFingerprint, token: String) async throws {
        guard !records.isEmpty else { return }
        let rotating = records.filter { $0.object.kind == .rotating }.max { $0.object.created < $1.object.created }
        let oneTime = records.filter { $0.object.kind == .oneTime }
        let body = PublishKeysRequest(
            device: Base64Bytes(device.bytes), rotating: rotating.map { Base64Bytes($0.bytes) },
            oneTime: oneTime.map { Base64Bytes($0.bytes) })
        do {
            let answer = try await parts.api.publish(body, token: token)
            countAtServer = answer.oneTime
            try await parts.store.markPublished(
                records.map { KeyID(of: $0.object) }, newRotating: rotating.map { KeyID(of: $0.object) },
                sealedThrough: answer.sealedThrough, now: parts.clock.now())
        } catch let failure as APIFailure where failure.type == "one-time-keys-full" {
            // The server took none of them, now or before: it has enough.
            try await parts.store.destroyKeys(oneTime.map { KeyID(of: $0.object) })
            countAtServer = KeyLife.oneTimeKeys
            if let rotating { try await publish([rotating], of: device, token: token) }
        }
    }
}
