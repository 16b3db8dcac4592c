import CArgon2
import Dispatch
import Foundation
import Synchronization

/// Argon2id (RFC 9106) on threads of its own: at most `workers` at once and `queueLimit` waiting.
public final class PasswordHasher: Sendable {
    /// The server is too busy with passwords to take another one now.
    public struct Busy: Error {}

    public struct Cost: Sendable {
        let memoryKiB: UInt32
        let iterations: UInt32
        /// OWASP's second choice for Argon2id: 19 MiB, two passes, one lane.
        public static let standard = Cost(memoryKiB: 19 * 1_024, iterations: 2)
        /// For tests that are not about passwords.
        public static let trivial = Cost(memoryKiB: 8, iterations: 1)
    }

    /// Passwords beyond this many bytes are refused before they cost anything.
    public static let maximumLength = 1_024
    public static let minimumCharacters = 8
    private static let queueLimit = 64
    private static let saltLength = 16
    private static let hashLength = 32
    private static let encodedCapacity = 256

    private let cost: Cost
    private let queue: OperationQueue
    private let waiting = Mutex(0)
    /// Verified against when there is no account, so that a wrong name costs what a wrong password costs.
    private let decoy: String?

    public init(cost: Cost = .standard, workers: Int = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)) {
        self.cost = cost
        queue = OperationQueue()
        queue.maxConcurrentOperationCount = workers
        queue.qualityOfService = .utility
        decoy = Self.hash("decoy", cost: cost)
    }

    /// The encoded hash (`$argon2id$…`) with a fresh salt. Throws `Busy`.
    public func hash(_ password: String) async throws -> String {
        let cost = cost
        guard let hash = try await onWorker({ Self.hash(password, cost: cost) }) else { throw Busy() }
        return hash
    }

    /// Whether the password belongs to the encoded hash; nil stands for an account that is not there or has no password,
    /// costs the same and is false. Throws `Busy`.
    public func verify(_ password: String, against encoded: String?) async throws -> Bool {
        let known = encoded.map { $0.hasPrefix("$argon2id$") } ?? false
        guard let target = known ? encoded : decoy else { throw Busy() }
        let matches = try await onWorker { argon2id_verify(target, password, password.utf8.count) == ARGON2_OK.rawValue }
        return matches && known
    }

    private func onWorker<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws -> Value {
        let admitted = waiting.withLock { count in
            guard count < Self.queueLimit + queue.maxConcurrentOperationCount else { return false }
            count += 1
            return true
        }
        guard admitted else { throw Busy() }
        return await withCheckedContinuation { continuation in
            queue.addOperation {
                let value = work()
                self.waiting.withLock { $0 -= 1 }
                continuation.resume(returning: value)
            }
        }
    }

    /// Nil when there is no memory for it.
    private static func hash(_ password: String, cost: Cost) -> String? {
        var encoded = [CChar](repeating: 0, count: encodedCapacity)
        let salt = SecureRandom.bytes(saltLength)
        let result = argon2id_hash_encoded(
            cost.iterations, cost.memoryKiB, 1, password, password.utf8.count, salt, salt.count, hashLength, &encoded,
            encoded.count)
        guard result == ARGON2_OK.rawValue else { return nil }
        return encoded.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
}
