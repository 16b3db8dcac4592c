import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTLS
import Logging
import MessengerAPI
import NIOSSL
import ServiceLifecycle
import Synchronization

/// A client's callback address on a free loopback port: keeps what is pushed to it and answers as the test says.
public final class CallbackSink: Sendable {
    public struct Push: Sendable {
        public let headers: [String: String]
        public let body: String
        public let path: String
        /// The connection that it came on.
        public let connection: String

        public var message: DeliveredMessage? {
            try? JSONDecoder().decode(DeliveredMessage.self, from: Data(body.utf8))
        }
    }

    private let state = Mutex<[Push]>([])
    private let portState = Mutex(0)
    private let scheme: String
    private let answer: @Sendable (Push, Int) async -> HTTPResponse.Status

    public var pushes: [Push] { state.withLock { $0 } }
    public var numbers: [Int64] { pushes.compactMap { $0.message?.messageID.rawValue } }
    public var address: String { "\(scheme)://127.0.0.1:\(portState.withLock { $0 })/inbox" }

    private init(scheme: String, answer: @escaping @Sendable (Push, Int) async -> HTTPResponse.Status) {
        self.scheme = scheme
        self.answer = answer
    }

    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let peer: String
        init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
            peer = "\(source.channel.remoteAddress?.port ?? 0)"
        }
    }

    /// Listens around `body`. `answer` gets each push and how many came before it; `headers` go with every answer.
    public static func run<Value: Sendable>(
        tls: TLSConfiguration? = nil, headers: HTTPFields = [:],
        answer: @escaping @Sendable (Push, Int) async -> HTTPResponse.Status = { _, _ in .ok },
        _ body: @Sendable (CallbackSink) async throws -> Value
    ) async throws -> Value {
        let sink = CallbackSink(scheme: tls == nil ? "http" : "https", answer: answer)
        let router = Router(context: Context.self)
        router.post("**") { request, context in
            let text = String(buffer: try await request.body.collect(upTo: 4 << 20))
            let push = Push(
                headers: Dictionary(request.headers.map { ($0.name.canonicalName, $0.value) }) { $1 }, body: text,
                path: request.uri.path, connection: context.peer)
            let count = sink.state.withLock { pushes in
                pushes.append(push)
                return pushes.count - 1
            }
            return Response(status: await sink.answer(push, count), headers: headers)
        }
        let ports = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "sink")
        logger.logLevel = .critical
        let application = Application(
            router: router, server: try tls.map { try .tls(tlsConfiguration: $0) } ?? .http1(),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let group = ServiceGroup(services: [application], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = await ports.stream.first { _ in true } ?? 0
            sink.portState.withLock { $0 = port }
            let result: Result<Value, any Error>
            do { result = .success(try await body(sink)) } catch { result = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try result.get()
        }
    }
}
