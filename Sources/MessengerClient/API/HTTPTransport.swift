import AsyncHTTPClient
import MessengerAPI
import NIOCore
import NIOHTTP1
import NIOSSL

/// The API over HTTP, as AsyncHTTPClient speaks it.
final class HTTPTransport: Transport {
    /// After so long without a byte a stream is taken for dead (the server sends a comment every 20 s).
    static let silence: TimeAmount = .seconds(45)
    private static let deadline: TimeAmount = .seconds(30)
    private static let streamLife: TimeAmount = .hours(24 * 365)
    private static let largestAnswer = 16 << 20

    private let base: String
    private let http: HTTPClient

    /// Throws `MessengerError.invalid` for a pinned certificate that is none.
    init(_ server: ServerAddress) throws {
        base = server.url
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try Self.tls(server.trust), redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(10), read: Self.silence)
        configuration.httpVersion = .http1Only
        // A server that is away, or shows another certificate, is told at once; the outbox tries again by its own rules.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { http.shutdown { _ in } }

    func shutdown() async { try? await http.shutdown() }

    func execute(_ request: APIRequest) async throws -> APIResponse {
        try await reaching {
            try await Self.collect(try await self.http.execute(self.httpRequest(request), timeout: Self.deadline))
        }
    }

    func stream(_ request: APIRequest, _ receive: @Sendable ([UInt8]) async throws -> Void) async throws -> APIResponse {
        let response = try await reaching { try await self.http.execute(self.httpRequest(request), timeout: Self.streamLife) }
        guard response.status == .ok else { return try await reaching { try await Self.collect(response) } }
        var pieces = response.body.makeAsyncIterator()
        while let piece = try await Self.next(&pieces) { try await receive(piece) }
        return APIResponse(status: 200)
    }

    private static func next(_ pieces: inout HTTPClientResponse.Body.AsyncIterator) async throws -> [UInt8]? {
        do {
            return try await pieces.next().map { Array($0.readableBytesView) }
        } catch {
            throw unreachable(error)
        }
    }

    private func reaching<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch {
            throw Self.unreachable(error)
        }
    }

    private static func unreachable(_ error: any Error) -> any Error {
        error is CancellationError || Task.isCancelled ? CancellationError() : MessengerError.unreachable("\(error)")
    }

    private static func collect(_ response: HTTPClientResponse) async throws -> APIResponse {
        let body = try await response.body.collect(upTo: largestAnswer)
        return APIResponse(
            status: Int(response.status.code), body: Array(body.readableBytesView),
            retryAfter: response.headers.first(name: "retry-after").flatMap { Int($0) },
            uploadOffset: response.headers.first(name: UploadField.offset).flatMap { Int($0) })
    }

    private func httpRequest(_ request: APIRequest) -> HTTPClientRequest {
        var http = HTTPClientRequest(url: base + request.path)
        http.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { http.headers.replaceOrAdd(name: name, value: value) }
        if let token = request.token { http.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
        if let body = request.body { http.body = .bytes(ByteBuffer(bytes: body)) }
        return http
    }

    private static func tls(_ trust: ServerTrust) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if case .pinned(let der) = trust {
            guard let certificate = try? NIOSSLCertificate(bytes: der, format: .der) else {
                throw MessengerError.invalid("The remembered certificate of this server cannot be read.")
            }
            configuration.trustRoots = .certificates([certificate])
            configuration.certificateVerification = .noHostnameVerification
        }
        return configuration
    }
}
