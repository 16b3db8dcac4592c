import MessengerAPI
import Synchronization

/// Sessions that were looked up not long ago, so that a request costs no look-up. Whoever ends a session, in whatever way,
/// tells the cache after the commit.
///
/// A look-up that began before a session ended must not bring it back: `insert` is in vain when anything ended meanwhile.
public final class SessionCache: Sendable {
    /// Kept at once; beyond it any goes.
    static let capacity = 100_000

    /// When a look-up began.
    struct Moment { fileprivate let endings: Int }

    private struct State {
        var sessions: [TokenHash: Session] = [:]
        var tokens: [DeviceID: TokenHash] = [:]
        var endings = 0

        mutating func remove(_ device: DeviceID) {
            if let token = tokens.removeValue(forKey: device) { sessions[token] = nil }
        }
    }

    private let isTrusted: @Sendable () -> Bool
    private let state = Mutex(State())

    /// - Parameter isTrusted: false while sessions may have ended without a word to this cache.
    public init(isTrusted: @escaping @Sendable () -> Bool = { true }) { self.isTrusted = isTrusted }

    func session(_ token: TokenHash) -> Session? { isTrusted() ? state.withLock { $0.sessions[token] } : nil }

    func moment() -> Moment { state.withLock { Moment(endings: $0.endings) } }

    /// Keeps what a look-up found that began at `moment`.
    func insert(_ session: Session, lookedUpAt moment: Moment) {
        state.withLock { state in
            guard state.endings == moment.endings else { return }
            if state.sessions.count >= Self.capacity, let any = state.tokens.keys.first { state.remove(any) }
            state.remove(session.device)
            state.sessions[session.token] = session
            state.tokens[session.device] = session.token
        }
    }

    /// The sessions of these devices have ended.
    public func ended(_ devices: some Sequence<DeviceID>) {
        state.withLock { state in
            state.endings += 1
            for device in devices { state.remove(device) }
        }
    }

    /// These have ended; what their devices began since goes on.
    func ended(_ ended: [EndedSessions]) {
        state.withLock { state in
            state.endings += 1
            for ended in ended {
                guard let token = state.tokens[ended.device], let session = state.sessions[token] else { continue }
                if session.generation < ended.before { state.remove(ended.device) }
            }
        }
    }

    /// Any session may have ended.
    func clear() {
        state.withLock { state in
            state.endings += 1
            state.sessions = [:]
            state.tokens = [:]
        }
    }

    /// Every session of the user has ended.
    func endedAll(of user: UserID) {
        let devices = state.withLock { state in state.sessions.values.filter { $0.user == user }.map(\.device) }
        ended(devices)
    }
}
