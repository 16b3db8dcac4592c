/// What the server answered, not yet understood.
struct APIResponse: Sendable {
    var status: Int
    var body: [UInt8] = []
    /// Seconds, from `Retry-After`.
    var retryAfter: Int?
    /// Bytes that the server has of an upload.
    var uploadOffset: Int?
}
