import AsyncHTTPClient
import Foundation
import MessengerAPI
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// A plain API client: JSON in, status and text out.
public final class TestClient: Sendable {
    public struct Answer: Sendable {
        public let status: Int
        public let headers: [String: String]
        public let text: String
        public let bytes: [UInt8]
        /// Such as `HTTP/1.1`.
        public let version: String

        /// The body as a JSON object; empty when it is none.
        public var json: [String: any Sendable] {
            ((try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: any Sendable]) ?? [:]
        }
    }

    public let base: String
    private let http: HTTPClient

    /// - Parameters:
    ///   - base: such as `http://127.0.0.1:1234`. TLS certificates are not checked: the server is this test's own.
    ///   - silence: after so long without a byte an answer counts as broken.
    public init(_ base: String, http1Only: Bool = true, silence: Duration = .seconds(60)) {
        self.base = base
        var configuration = HTTPClient.Configuration(certificateVerification: .none)
        configuration.timeout = .init(connect: .seconds(5), read: .init(silence))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_000
        configuration.httpVersion = http1Only ? .http1Only : .automatic
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { http.shutdown { _ in } }

    /// Closes every connection, whatever is under way on it. No more calls after this one.
    public func close() async { try? await http.shutdown() }

    /// One request; `json` is the body's text as it is, and `bytes` a body that need not be text.
    public func call(
        _ method: String, _ path: String, json: String? = nil, bytes: [UInt8]? = nil, token: String? = nil,
        headers: [String: String] = [:], timeout: TimeAmount = .seconds(30)
    ) async throws -> Answer {
        var request = request(method, path, json: json, token: token, headers: headers)
        if let bytes { request.body = .bytes(ByteBuffer(bytes: bytes)) }
        let response = try await http.execute(request, timeout: timeout)
        let body = try await response.body.collect(upTo: 64 << 20)
        let fields = Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
        return Answer(
            status: Int(response.status.code), headers: fields, text: String(buffer: body),
            bytes: Array(body.readableBytesView), version: "\(response.version)")
    }

    /// A POST of an encodable body.
    public func post(_ path: String, _ fields: [String: any Sendable], token: String? = nil, headers: [String: String] = [:])
        async throws -> Answer
    {
        try await call("POST", path, json: Self.json(fields), token: token, headers: headers)
    }

    public static func json(_ fields: [String: any Sendable]) -> String {
        // Only JSON's own types are given by tests.
        String(decoding: try! JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
    }

    /// Reads a live stream's events until `body` returns; it is then closed.
    public func stream<Value>(
        token: String, after: Int64? = nil, headers: [String: String] = [:],
        _ body: (inout EventReader) async throws -> Value
    ) async throws -> Value {
        var headers = headers
        headers["Accept"] = "text/event-stream"
        let path = "/api/messages/" + (after.map { "?after=\($0)" } ?? "")
        let request = request("GET", path, json: nil, token: token, headers: headers)
        let response = try await http.execute(request, timeout: .hours(1))
        guard response.status == .ok else {
            throw UnexpectedAnswer(
                status: Int(response.status.code), text: String(buffer: try await response.body.collect(upTo: 1 << 20)))
        }
        var reader = EventReader(bytes: response.body.makeAsyncIterator())
        return try await body(&reader)
    }

    private func request(
        _ method: String, _ path: String, json: String?, token: String?, headers: [String: String]
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method)
        if let json {
            request.body = .bytes(ByteBuffer(string: json))
            request.headers.add(name: "Content-Type", value: "application/json")
        }
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        return request
    }
}

public struct UnexpectedAnswer: Error {
    public let status: Int
    public let text: String

    public init(status: Int, text: String) {
        self.status = status
        self.text = text
    }
}

/// Server-sent events, one at a time.
public struct EventReader {
    public struct Event: Sendable, Equatable {
        public let name: String
        public let id: String?
        public let data: String

        /// The message, when the event is one.
        public var message: DeliveredMessage? {
            name == "message" ? try? JSONDecoder().decode(DeliveredMessage.self, from: Data(data.utf8)) : nil
        }
    }

    var bytes: HTTPClientResponse.Body.AsyncIterator
    private var rest = ""

    init(bytes: HTTPClientResponse.Body.AsyncIterator) { self.bytes = bytes }

    /// The next `count` events; fewer when the stream ends before.
    public mutating func take(_ count: Int) async throws -> [Event] {
        var events: [Event] = []
        while events.count < count, let event = try await next() { events.append(event) }
        return events
    }

    /// The next event, comments passed over; nil at the end of the stream.
    public mutating func next() async throws -> Event? {
        while true {
            while let end = rest.range(of: "\n\n") {
                let block = rest[..<end.lowerBound]
                rest = String(rest[end.upperBound...])
                var fields: [String: String] = [:]
                for line in block.split(separator: "\n") {
                    guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else { continue }
                    fields[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
                }
                if let name = fields["event"] { return Event(name: name, id: fields["id"], data: fields["data"] ?? "") }
            }
            guard let part = try await bytes.next() else { return nil }
            rest += String(buffer: part)
        }
    }
}
