import MessengerAPI

/// Sends one POST to one checked address.
public protocol CallbackPusher: Sendable {
    /// Where the device's connection lives: who pushes from there saves changes of thread.
    func executor(for device: DeviceID) -> (any TaskExecutor)?
    /// Returns within 5 s. Connections are kept per device and never shared between devices.
    func push(_ request: CallbackRequest) async -> CallbackOutcome
    /// The device will not be pushed to for now: its connection may go.
    func release(_ device: DeviceID) async
}

extension CallbackPusher {
    public func executor(for device: DeviceID) -> (any TaskExecutor)? { nil }
}

public struct CallbackRequest: Sendable {
    public static let timeout = Duration.seconds(5)

    public let device: DeviceID
    public let address: CallbackAddress
    public let origin: ClientOrigin
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    public init(
        device: DeviceID, address: CallbackAddress, origin: ClientOrigin, headers: [(name: String, value: String)], body: [UInt8]
    ) {
        self.device = device
        self.address = address
        self.origin = origin
        self.headers = headers
        self.body = body
    }
}

public enum CallbackOutcome: Equatable, Sendable {
    case status(Int)
    /// No answer, or none that counts: why, for the log.
    case failed(String)

    enum Verdict: Equatable {
        case delivered
        /// The message is refused, not the attempt.
        case refused
        case removed
        case retry
    }

    var verdict: Verdict {
        guard case .status(let status) = self else { return .retry }
        switch status {
        case 200..<300: return .delivered
        case 410: return .removed
        case 408, 425, 429: return .retry
        case 400..<500: return .refused
        default: return .retry
        }
    }
}
