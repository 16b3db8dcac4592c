import KeyLog
import MessengerAPI
import MessengerCrypto

/// When keys are made, and when they are destroyed: rules alone, without keys.
enum KeyLife {
    static let rotationInterval: UInt64 = 24 * 3600 * 1000
    /// After its successor came, a rotating key lives no longer than this, whatever the server says.
    static let longestSuccession: UInt64 = 30 * 24 * 3600 * 1000
    static let oneTimeKeys = 100
    /// Below so many at the server it gets new ones.
    static let refillThreshold = 50

    struct Due: Equatable, Sendable {
        var rotates = false
        var oneTimeKeys = 0
        var destroyed: [KeyID] = []
    }

    /// - Parameters:
    ///   - atServer: how many one-time keys the server has; nil when that is not known.
    ///   - storedThrough: everything up to this number of the inbox is opened and stored.
    ///   - mustRotate: a device of the account was revoked.
    static func due(
        _ held: [HeldKey], atServer: Int?, storedThrough: MessageNumber, mustRotate: Bool = false, now: UInt64
    ) -> Due {
        var due = Due()
        let newest = held.filter { $0.kind == .rotating }.map(\.created).max()
        // A clock that was ahead once must not keep a key for ever.
        due.rotates = mustRotate || newest.map { now < $0 || now - $0 >= rotationInterval } ?? true
        if let atServer, atServer < refillThreshold { due.oneTimeKeys = oneTimeKeys - atServer }
        due.destroyed = held.filter { isOver($0, storedThrough: storedThrough, now: now) }.map(\.id)
        return due
    }

    private static func isOver(_ key: HeldKey, storedThrough: MessageNumber, now: UInt64) -> Bool {
        switch key.kind {
        case .oneTime: return now > key.created && now - key.created > KeyRecord.lifetime
        case .rotating:
            guard let succeededAt = key.succeededAt else { return false }
            if now > succeededAt, now - succeededAt > longestSuccession { return true }
            return key.sealedThrough.map { storedThrough >= $0 } ?? false
        }
    }
}
