import MessengerAPI
import MessengerCrypto

@testable import MessengerClient

/// The double's blobs: appended to at their end, read in ranges.
extension ServerDoubleState {
    struct Blob: Sendable {
        let user: UserID
        let length: Int
        var bytes: [UInt8] = []
    }

    mutating func blob(_ request: APIRequest, _ path: String, by user: UserID) -> APIResponse {
        guard request.method != "POST" else { return create(request, by: user) }
        let name = path.dropFirst("/api/blobs/".count).prefix { $0 != "/" }
        guard let id = BlobID(text: String(name)), let blob = blobs[id] else { return Self.problem(404, "no-such-blob") }
        guard request.method == "GET" || blob.user == user else { return Self.problem(403, "forbidden") }
        switch request.method {
        case "HEAD": return APIResponse(status: 204, uploadOffset: blob.bytes.count)
        case "PATCH": return append(request, to: id, blob)
        case "GET": return read(request, blob)
        default:
            blobs[id] = nil
            return Self.ok(PlainResponse(msg: "ok"))
        }
    }

    private mutating func create(_ request: APIRequest, by user: UserID) -> APIResponse {
        guard let length = request.headers[UploadField.length].flatMap({ Int($0) }),
            let id = BlobID(SecretBytes.random(BlobID.byteCount).exposed)
        else { return Self.problem(400, "validation") }
        blobs[id] = Blob(user: user, length: length)
        return APIResponse(status: 201, body: WireJSON.encode(BlobResponse(blobID: id.text)), uploadOffset: 0)
    }

    private mutating func append(_ request: APIRequest, to id: BlobID, _ blob: Blob) -> APIResponse {
        let (offset, bytes) = (request.headers[UploadField.offset].flatMap { Int($0) } ?? -1, request.body ?? [])
        let end = offset + bytes.count
        if offset >= 0, end <= blob.bytes.count, Array(blob.bytes[offset..<end]) == bytes {
            return APIResponse(status: 204, uploadOffset: blob.bytes.count)
        }
        guard offset == blob.bytes.count else { return Self.problem(409, "upload-offset-mismatch") }
        guard end <= blob.length else { return Self.problem(400, "validation") }
        blobs[id]?.bytes += bytes
        return APIResponse(status: 204, uploadOffset: end)
    }

    private func read(_ request: APIRequest, _ blob: Blob) -> APIResponse {
        guard blob.bytes.count == blob.length else { return Self.problem(404, "no-such-blob") }
        let ends = (request.headers["Range"] ?? "").dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] < blob.length else { return Self.problem(416, "range-not-satisfiable") }
        return APIResponse(status: 206, body: Array(blob.bytes[ends[0]...min(ends[1], blob.length - 1)]))
    }
}
