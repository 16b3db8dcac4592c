import MessengerAPI
import MessengerCore
import Synchronization
import TestSupport

/// Two users with blobs on a backend, and a clock that the test moves.
struct BlobScene {
    let backend: BackendUnderTest
    let store: any BlobStore
    let time: TestTime
    let blobs: Blobs
    let ann: Session
    let bob: Session
    private let limits: BlobLimits

    static func run(
        _ kind: BackendKind, limits: BlobLimits = BlobLimits(), _ body: (BlobScene) async throws -> Void
    ) async throws {
        try await kind.run { backend in
            let time = TestTime()
            let users = [try await backend.user("ann"), try await backend.user("bob")]
            try await body(BlobScene(backend, users.map { session(of: $0, time) }, time, limits))
        }
    }

    private init(_ backend: BackendUnderTest, _ sessions: [Session], _ time: TestTime, _ limits: BlobLimits) {
        self.backend = backend
        self.time = time
        self.limits = limits
        store = backend.store as! any BlobStore
        blobs = Blobs(store: store, limits: limits, hasFreeDisk: { true }, time: time.source)
        (ann, bob) = (sessions[0], sessions[1])
    }

    private static func session(of user: UserID, _ time: TestTime) -> Session {
        Session(
            token: TokenHash(of: "\(user)"), user: user, username: Username("user \(user)")!, device: DeviceID(user.rawValue),
            generation: 1, lastUsed: time.now)
    }

    /// The same on the store once it was closed and opened again.
    func restarted() async throws -> BlobScene {
        let store = try await backend.restart(backend.store)
        return BlobScene(BackendUnderTest(store: store, restart: backend.restart), [ann, bob], time, limits)
    }

    /// A complete blob of Ann's.
    @discardableResult
    func add(_ length: Int) async throws -> BlobID {
        let id = try await blobs.create(length: length, by: ann)
        for start in stride(from: 0, to: length, by: BlobLimits.appendBytes) {
            let bytes = Array(repeating: UInt8(1), count: min(BlobLimits.appendBytes, length - start))
            _ = try await blobs.append(bytes, at: start, to: id, by: ann)
        }
        return id
    }

    func read(_ id: BlobID, _ range: Range<Int>) async throws -> [UInt8] {
        let bytes = Mutex<[UInt8]>([])
        try await blobs.read(range, of: id) { piece in bytes.withLock { $0 += piece } }
        return bytes.withLock { $0 }
    }

    func sweep() async throws { try await backend.sweep(now: time.now, expireBefore: time.now - .days(30)) }
}
