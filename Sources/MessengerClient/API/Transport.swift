/// Carries requests to one server. Tests put their own in its place.
protocol Transport: Sendable {
    /// One request and its whole answer. Throws `MessengerError.unreachable` when no answer came.
    func execute(_ request: APIRequest) async throws -> APIResponse

    /// A request whose answer goes on: hands each piece of a 200 to `receive`, and returns when the server ends it. Any other
    /// answer is returned whole. Throws `unreachable` when the connection breaks or is silent for too long, and what
    /// `receive` throws. Reads no further while `receive` is at work.
    func stream(_ request: APIRequest, _ receive: @Sendable ([UInt8]) async throws -> Void) async throws -> APIResponse

    func shutdown() async
}
