/// Problem details (RFC 9457).
public struct Problem: Codable, Sendable {
    /// Stable; `about:blank` never. See the list of types in docs/openapi.yaml.
    public let type: String
    public let title: String
    public let status: Int
    public let detail: String
    public var unknownReceivers: [UserID]?
    public var fullReceivers: [UserID]?
    public var head: MessageNumber?
    public var staleKeys: [StaleKeys]?
    /// The number of the account's newest state.
    public var seq: UInt32?
    /// How much of the blob is there.
    public var uploadOffset: Int?

    public init(type: String, title: String, status: Int, detail: String) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
    }

    enum CodingKeys: String, CodingKey {
        case type, title, status, detail, head, seq
        case uploadOffset = "upload_offset"
        case staleKeys = "stale_keys"
        case unknownReceivers = "unknown_receivers"
        case fullReceivers = "full_receivers"
    }
}
