import MessengerAPI
import MessengerCore
import NIOCore

extension SendAttempt {
    /// - Parameter keyHeader: the header `Idempotency-Key`.
    init(body: ByteBuffer, keyHeader: String?) throws(APIError) {
        let request = try JSONBody.read(body) { (bytes) throws(JSONError) in try SendRequest(json: bytes) }
        if request.messages == nil, body.readableBytes > JSONBody.maximumBytes { throw .bodyTooLarge }
        self.init(request: request, key: try Self.key(of: request, header: keyHeader))
    }

    private static func key(of request: SendRequest, header: String?) throws(APIError) -> IdempotencyKey? {
        guard let text = request.clientMessageID ?? header else { return nil }
        if let header, header != text {
            throw .validation(field: "client_message_id", "Not equal to the Idempotency-Key header.")
        }
        guard let key = IdempotencyKey(text) else {
            throw .validation(field: "client_message_id", "1 to 64 visible ASCII characters.")
        }
        return key
    }
}
