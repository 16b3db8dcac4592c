/// How much of a file goes in one request, and what follows a request that failed. Smaller pieces get through where the
/// network is slow: the server gives each request ten seconds.
struct TransferPace: Sendable {
    static let largestPiece = 512 << 10
    static let smallestPiece = 64 << 10
    /// In a row; with the pauses between them that is about a minute.
    private static let mostFailures = 8
    private static let firstPause = Duration.milliseconds(500)
    private static let longestPause = Duration.seconds(20)

    private(set) var piece = largestPiece
    private var failures = 0

    mutating func succeeded() {
        failures = 0
        piece = min(piece * 2, Self.largestPiece)
    }

    /// How long to wait before the next attempt; nil when it is to be given up for now.
    /// - Parameters:
    ///   - retryAfter: what the server asked for.
    ///   - random: from 0 to 1.
    mutating func failed(retryAfter: Duration? = nil, random: Double) -> Duration? {
        failures += 1
        piece = max(piece / 2, Self.smallestPiece)
        guard failures < Self.mostFailures, (retryAfter ?? .zero) <= Self.longestPause else { return nil }
        let pause = min(Self.firstPause * (1 << (failures - 1)), Self.longestPause)
        return max(pause / 2 + pause / 2 * random, retryAfter ?? .zero)
    }

    /// The same for what went wrong; throws it when another attempt would not help.
    mutating func failed(_ error: any Error, random: Double = .random(in: 0...1)) throws -> Duration {
        let pause: Duration? =
            switch error {
            case MessengerError.unreachable: failed(random: random)
            case let failure as APIFailure where failure.mayPass: failed(retryAfter: failure.retryAfter, random: random)
            default: nil
            }
        guard let pause else { throw error }
        return pause
    }
}

extension APIFailure {
    /// Whether the same request may be answered otherwise a little later.
    var mayPass: Bool { status >= 500 || [408, 409, 429].contains(status) }
}
