import HTTPTypes
import Hummingbird
import MessengerAPI
import MessengerCore
import NIOCore

/// What the client wants answers in, from its `Accept` header (RFC 9110, 12.5.1). JSON has to be named; a wildcard
/// alone gets plain text.
struct Preferences: Sendable {
    /// JSON in place of plain text.
    let json: Bool
    /// RFC 9457 in place of an error's short text.
    let problem: Bool
    let eventStream: Bool

    init(accept: String?) {
        var weights: [String: Double] = [:]
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmingSpace() }
            guard let name = parts.first?.lowercased() else { continue }
            let quality = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }
            weights[name] = quality.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
        }
        func isNamed(_ type: String) -> Bool { (weights[type] ?? 0) > 0 }
        json = isNamed("application/json") && weights["application/json"]! >= weights["text/plain"] ?? 0
        problem = isNamed("application/problem+json") || json
        eventStream = isNamed("text/event-stream")
    }
}

extension Substring {
    fileprivate func trimmingSpace() -> Substring {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

extension Response {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, type: String = "application/json") -> Response {
        bytes(WireJSON.encode(value), status: status, type: type)
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        bytes(Array(text.utf8), status: status, type: "text/plain; charset=utf-8")
    }

    static func bytes(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, type: String) -> Response {
        Response(
            status: status, headers: [.contentType: type, .contentLength: "\(bytes.count)"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A sentence, as text or as JSON.
    static func plain(_ sentence: String, _ preferences: Preferences) -> Response {
        preferences.json ? .json(PlainResponse(msg: sentence)) : .text(sentence)
    }

    /// The error in the form that the client prefers.
    static func error(_ error: APIError, _ preferences: Preferences) -> Response {
        let (head, body) = error.answer(preferences)
        return Response(status: head.status, headers: head.headerFields, body: ResponseBody(byteBuffer: body))
    }
}

extension APIError {
    /// Status, headers and body in the form that the client prefers.
    func answer(_ preferences: Preferences) -> (head: HTTPResponse, body: ByteBuffer) {
        var fields = HTTPFields()
        let body: ByteBuffer
        if preferences.problem {
            var problem = Problem(type: type, title: status.reasonPhrase, status: status.code, detail: detail)
            problem.unknownReceivers = unknownReceivers
            problem.fullReceivers = fullReceivers
            problem.head = self.head
            problem.staleKeys = staleKeys
            problem.seq = seq
            problem.uploadOffset = uploadOffset
            body = ByteBuffer(bytes: WireJSON.encode(problem))
            fields[.contentType] = "application/problem+json"
        } else {
            body = ByteBuffer(string: text)
            fields[.contentType] = "text/plain; charset=utf-8"
        }
        fields[.contentLength] = "\(body.readableBytes)"
        if let retryAfter { fields[.retryAfter] = "\(max(1, Int(retryAfter.inSeconds.rounded(.up))))" }
        if let allow { fields[.allow] = allow }
        if let uploadOffset { fields[.uploadOffset] = "\(uploadOffset)" }
        if let blobLength { fields[.contentRange] = "bytes */\(blobLength)" }
        if status == .unauthorized { fields[.wwwAuthenticate] = "Bearer" }
        return (HTTPResponse(status: status, headerFields: fields), body)
    }
}
