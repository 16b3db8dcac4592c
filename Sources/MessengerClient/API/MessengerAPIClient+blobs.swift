import MessengerAPI

extension MessengerAPIClient {
    /// Begins a blob of so many bytes.
    func createBlob(length: Int, token: String) async throws -> BlobID {
        var request = request("POST", "/api/blobs/", token: token)
        request.headers = ["Accept": "application/json", UploadField.length: "\(length)"]
        let response = try await transport.execute(request)
        try Self.check(response)
        guard let blob = BlobID(text: try Self.decode(response.body, as: BlobResponse.self).blobID) else { throw Self.nonsense }
        return blob
    }

    /// How many bytes of the blob the server has.
    func uploadOffset(of blob: BlobID, token: String) async throws -> Int {
        let response = try await transport.execute(request("HEAD", Self.path(blob), token: token))
        try Self.check(response)
        return try Self.offset(response)
    }

    /// Adds bytes at the blob's end. How many the server has then.
    func append(_ bytes: [UInt8], at offset: Int, to blob: BlobID, token: String) async throws -> Int {
        var request = request("PATCH", Self.path(blob), token: token)
        request.headers = [
            "Accept": "application/json", "Content-Type": UploadField.mediaType, UploadField.offset: "\(offset)",
        ]
        request.body = bytes
        let response = try await transport.execute(request)
        try Self.check(response)
        return try Self.offset(response)
    }

    /// These bytes of a blob, or the first of them.
    func read(_ range: Range<Int>, of blob: BlobID, token: String) async throws -> [UInt8] {
        var request = request("GET", Self.path(blob), token: token)
        request.headers = [
            "Accept": "application/octet-stream, application/problem+json;q=0.5",
            "Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)",
        ]
        let response = try await transport.execute(request)
        try Self.check(response)
        let isPart = response.status == 206 || response.status == 200 && range.lowerBound == 0
        guard isPart, !response.body.isEmpty, response.body.count <= range.count else { throw Self.nonsense }
        return response.body
    }

    /// The server takes no more at once.
    static let largestPiece = 1 << 20

    /// A blob of exactly these bytes; its id.
    func upload(_ bytes: [UInt8], token: String) async throws -> [UInt8] {
        let blob = try await createBlob(length: bytes.count, token: token)
        for start in stride(from: 0, to: bytes.count, by: Self.largestPiece) {
            let piece = Array(bytes[start..<min(start + Self.largestPiece, bytes.count)])
            _ = try await append(piece, at: start, to: blob, token: token)
        }
        return blob.bytes
    }

    /// A part of a blob. Throws when it is not there.
    func blob(_ id: [UInt8], _ range: Range<Int>, token: String) async throws -> [UInt8] {
        guard let blob = BlobID(id) else { throw MessengerError.attachmentGone }
        return try await read(range, of: blob, token: token)
    }

    func deleteBlob(_ blob: BlobID, token: String) async throws {
        try Self.check(try await transport.execute(request("DELETE", Self.path(blob), token: token)))
    }

    private static func path(_ blob: BlobID) -> String { "/api/blobs/\(blob.text)/" }

    private static func offset(_ response: APIResponse) throws -> Int {
        guard let offset = response.uploadOffset, offset >= 0 else { throw nonsense }
        return offset
    }

    private static let nonsense = MessengerError.unreachable("the answer is not one of the API")
}
