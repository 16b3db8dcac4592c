import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization

@testable import MessengerClient

/// The server's key directory, log and inboxes in memory, as a transport: what clients are tested against without sockets, and
/// what a test can let lose answers or lie.
final class ServerDouble: Transport {
    /// What goes wrong with one request.
    enum Fault: Sendable {
        case none
        case loseRequest
        /// The server has done what was asked, and the client does not hear of it.
        case loseAnswer
    }

    struct Hooks: Sendable {
        var fault: @Sendable (APIRequest) -> Fault = { _ in .none }
        /// What the client gets in place of what the server said.
        var tamper: @Sendable (APIRequest, APIResponse) -> APIResponse = { $1 }
    }

    let state: Mutex<ServerDoubleState>
    let hooks = Mutex(Hooks())
    private let news = NewsSignal()
    /// Milliseconds since 1970.
    let now: @Sendable () -> UInt64

    init(now: @escaping @Sendable () -> UInt64) {
        self.now = now
        state = Mutex(ServerDoubleState())
    }

    func shutdown() async {}

    func execute(_ request: APIRequest) async throws -> APIResponse {
        try Task.checkCancellation()
        let hooks = hooks.withLock { $0 }
        let fault = hooks.fault(request)
        if case .loseRequest = fault { throw MessengerError.unreachable("the request was lost") }
        let now = now()
        let response = state.withLock { $0.answer(request, now: now) }
        if request.method == "POST" { news.raise() }
        if case .loseAnswer = fault { throw MessengerError.unreachable("the answer was lost") }
        return hooks.tamper(request, response)
    }

    func stream(_ request: APIRequest, _ receive: @Sendable ([UInt8]) async throws -> Void) async throws -> APIResponse {
        guard let user = state.withLock({ $0.user(of: request) }) else { return ServerDoubleState.problem(401, "invalid-token") }
        var after = MessageNumber(request.headers["Last-Event-ID"].flatMap { Int64($0) } ?? 0)
        var isCaughtUp = false
        while !Task.isCancelled {
            let seen = news.version
            let page = state.withLock { $0.waiting(for: user, after: after) }
            for message in page {
                let data = String(decoding: message.json, as: UTF8.self)
                try await receive(Array("id: \(message.messageID)\nevent: message\ndata: \(data)\n\n".utf8))
                after = message.messageID
            }
            if !isCaughtUp { try await receive(Array("event: caught-up\ndata: {}\n\n".utf8)) }
            isCaughtUp = true
            if let end = state.withLock({ $0.endings.removeValue(forKey: user) }) {
                if !end.isEmpty { try await receive(Array("event: \(end)\ndata: {}\n\n".utf8)) }
                return APIResponse(status: 200)
            }
            await news.wait(after: seen)
        }
        throw CancellationError()
    }

    /// Ends the user's streams with this event, or without one.
    func endStreams(of user: UserID, with event: String = "") {
        state.withLock { $0.endings[user] = event }
        news.raise()
    }

    func set(_ change: (inout Hooks) -> Void) { hooks.withLock { change(&$0) } }
}
