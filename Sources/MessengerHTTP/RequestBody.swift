import Hummingbird
import NIOCore

/// Reads a request's body.
enum RequestBody {
    /// All of it. Throws `APIError`: 413 beyond the limit, 400 when it ends too soon.
    static func bytes(of request: Request, upTo limit: Int) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw APIError.bodyTooLarge }
        do {
            return try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw APIError.bodyTooLarge
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw APIError.bodyCut
        }
    }
}
