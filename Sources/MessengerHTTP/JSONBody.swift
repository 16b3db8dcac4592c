import Hummingbird
import MessengerAPI
import NIOCore

/// Reads a request's JSON body.
enum JSONBody {
    static let maximumBytes = 2 << 20

    /// Throws `APIError`: 413 beyond the limit, 415 for another content type, 400 for anything that is not the JSON wanted.
    static func decode<Value: JSONReadable>(
        _ type: Value.Type, from request: Request, upTo limit: Int = maximumBytes
    ) async throws -> Value {
        try read(await bytes(of: request, upTo: limit), Value.init(json:))
    }

    /// The whole body.
    static func bytes(of request: Request, upTo limit: Int) async throws -> ByteBuffer {
        let body = try await RequestBody.bytes(of: request, upTo: limit)
        if body.readableBytes > 0, let type = request.headers[.contentType], !isJSON(type) { throw APIError.notJSON }
        return body
    }

    /// What `parse` makes of the body, with its errors as answers.
    static func read<Value>(
        _ body: ByteBuffer, _ parse: (UnsafeRawBufferPointer) throws(JSONError) -> Value
    ) throws(APIError) -> Value {
        guard body.readableBytes > 0 else { throw .validation("The body is empty; JSON is expected.") }
        do {
            return try body.withUnsafeReadableBytes { (bytes) throws(JSONError) in try parse(bytes) }
        } catch {
            throw .validation(describe(error))
        }
    }

    static func isJSON(_ contentType: String) -> Bool {
        if contentType == "application/json" { return true }
        let type = contentType.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        return type == "application/json" || type.hasPrefix("application/") && type.hasSuffix("+json")
    }

    private static func describe(_ error: JSONError) -> String {
        switch error {
        case .syntax: "The body is not valid JSON."
        case .notUTF8: "The body is not UTF-8."
        case .tooDeep: "The JSON is nested too deeply."
        case .loneSurrogate(let field): "\(field ?? "The body"): Half of a surrogate pair."
        case .nameTwice: "The JSON names a member of an object twice."
        case .notAnObject: "The body is not a JSON object."
        case .wrongType(let field): "\(field): The field has the wrong type."
        case .missing(let field): "\(field): The field is missing."
        case .notBase64(let field): "\(field): Not base64."
        }
    }
}
