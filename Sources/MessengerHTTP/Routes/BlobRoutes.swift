import HTTPTypes
import Hummingbird
import MessengerAPI
import MessengerCore
import NIOCore

/// `/api/blobs/`: uploads that can be taken up again, after the IETF's draft-ietf-httpbis-resumable-upload, and downloads.
struct BlobRoutes: Sendable {
    private static let path = "/api/blobs"
    private static let idParameter = "blob_id"

    let blobs: Blobs
    let authenticator: Authenticator

    var routes: [Route] {
        let one = "\(Self.path)/{\(Self.idParameter)}"
        return [
            Route(method: .post, path: Self.path, handler: create),
            Route(method: .head, path: one, handler: upload),
            Route(method: .patch, path: one, handler: append),
            Route(method: .get, path: one, handler: download),
            Route(method: .delete, path: one, handler: delete),
        ]
    }

    @Sendable private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let id = try await blobs.create(length: try Self.number(.uploadLength, of: request), by: session)
        var response = Response.json(BlobResponse(blobID: id.text), status: .created)
        response.headers[.location] = "\(Self.path)/\(id.text)/"
        response.headers[.uploadOffset] = "0"
        return response
    }

    @Sendable private func upload(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        return Self.answer(try await blobs.upload(try Self.id(context), by: session))
    }

    @Sendable private func append(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        let id = try Self.id(context)
        let offset = try Self.number(.uploadOffset, of: request)
        guard request.headers[.contentType]?.lowercased() == UploadField.mediaType else { throw APIError.notPartialUpload }
        let body = try await RequestBody.bytes(of: request, upTo: BlobLimits.appendBytes)
        return Self.answer(try await blobs.append(Array(body.readableBytesView), at: offset, to: id, by: session))
    }

    @Sendable private func download(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await authenticator.session(of: request)
        let id = try Self.id(context)
        let length = try await blobs.length(of: id)
        // There are no validators that a condition could name.
        let header = request.headers[.ifRange] == nil ? request.headers[.range] : nil
        switch ByteRange(header, length: length) {
        case .whole: return response(.ok, 0..<length, of: id)
        case .part(let range):
            var response = response(.partialContent, range, of: id)
            response.headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
            return response
        case .unsatisfiable: throw APIError.rangeNotSatisfiable(length: length)
        }
    }

    @Sendable private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let session = try await authenticator.session(of: request)
        try await blobs.delete(try Self.id(context), by: session)
        return .plain("Blob deleted.", context.preferences)
    }

    /// The next piece is read once the client has taken the one before.
    private func response(_ status: HTTPResponse.Status, _ range: Range<Int>, of id: BlobID) -> Response {
        let blobs = blobs
        return Response(
            status: status,
            headers: [.contentType: "application/octet-stream", .contentLength: "\(range.count)", .acceptRanges: "bytes"],
            body: ResponseBody(contentLength: range.count) { writer in
                try await blobs.read(range, of: id) { try await writer.write(ByteBuffer(bytes: $0)) }
                try await writer.finish(nil)
            })
    }

    /// How far the upload is.
    private static func answer(_ blob: StoredBlob) -> Response {
        Response(
            status: .noContent,
            headers: [
                .uploadOffset: "\(blob.received)", .uploadLength: "\(blob.length)",
                .uploadComplete: blob.isComplete ? "?1" : "?0",
            ])
    }

    /// What is no id names nothing.
    private static func id(_ context: APIContext) throws(APIError) -> BlobID {
        guard let id = context.parameters.get(idParameter).flatMap({ BlobID(text: $0) }) else { throw .noSuchBlob }
        return id
    }

    private static func number(_ name: HTTPField.Name, of request: Request) throws(APIError) -> Int {
        guard let text = request.headers[name] else {
            throw .validation(field: name.rawName, "The header is missing.")
        }
        guard !text.isEmpty, let number = MessageRoutes.whole(text) else {
            throw .validation(field: name.rawName, "A whole number from 0.")
        }
        return Int(number)
    }
}

extension HTTPField.Name {
    static let uploadOffset = HTTPField.Name(UploadField.offset)!
    static let uploadLength = HTTPField.Name(UploadField.length)!
    static let uploadComplete = HTTPField.Name(UploadField.complete)!
}
