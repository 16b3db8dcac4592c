import KeyLog
import MessengerAPI

/// Blobs, as far as a history between two devices needs them.
extension MessengerAPIClient {
    /// The server takes no more at once.
    static let largestPiece = 1 << 20

    /// A blob of exactly these bytes; its id.
    func upload(_ bytes: [UInt8], token: String) async throws -> [UInt8] {
        let answer: BlobAnswer = try await blobCall("POST", "/api/blobs/", ["Upload-Length": "\(bytes.count)"], token: token)
        guard let id = Base64URL.bytes(answer.blobID) else {
            throw MessengerError.unreachable("the answer is not one of the API")
        }
        for start in stride(from: 0, to: bytes.count, by: Self.largestPiece) {
            let headers = ["Upload-Offset": "\(start)", "Content-Type": "application/partial-upload"]
            let piece = Array(bytes[start..<min(start + Self.largestPiece, bytes.count)])
            _ = try await blobCall("PATCH", Self.path(id), headers, body: piece, token: token)
        }
        return id
    }

    /// A part of a blob. Throws when it is not there.
    func blob(_ id: [UInt8], _ range: Range<Int>, token: String) async throws -> [UInt8] {
        let headers = ["Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)"]
        return try await blobCall("GET", Self.path(id), headers, token: token).body
    }

    private struct BlobAnswer: Decodable {
        let blobID: String

        enum CodingKeys: String, CodingKey { case blobID = "blob_id" }
    }

    private static func path(_ id: [UInt8]) -> String { "/api/blobs/\(Base64URL.text(id))/" }

    private func blobCall<Answer: Decodable>(
        _ method: String, _ path: String, _ headers: [String: String], token: String
    ) async throws -> Answer {
        try Self.decode(try await blobCall(method, path, headers, body: nil, token: token).body)
    }

    private func blobCall(
        _ method: String, _ path: String, _ headers: [String: String], body: [UInt8]? = nil, token: String
    ) async throws -> APIResponse {
        let response = try await transport.execute(
            APIRequest(method: method, path: path, headers: headers, body: body, token: token))
        try Self.check(response)
        return response
    }
}
