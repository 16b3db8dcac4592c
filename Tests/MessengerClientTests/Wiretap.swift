import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization

@testable import MessengerClient

/// What devices have sealed, and what each knew of the log by then: envelopes are seen the first time they are about to be sent,
/// which is right after they were sealed, whether they reach the server or not.
final class Wiretap: Sendable {
    struct Sealed: Sendable {
        let sender: String
        let receiver: UserID
        let envelope: [UInt8]
        let view: LogView
    }

    private struct State: Sendable {
        var devices: [String: Messenger] = [:]
        var seen: Set<String> = []
        var sealed: [Sealed] = []
    }

    private let state = Mutex(State())

    var sealed: [Sealed] { state.withLock { $0.sealed } }

    func watch(_ device: Messenger, as name: String) { state.withLock { $0.devices[name] = device } }

    fileprivate func record(_ body: [UInt8], by name: String) async {
        guard let request = body.withUnsafeBytes({ try? SendRequest(json: $0) }), let items = request.messages,
            let view = await state.withLock({ $0.devices[name] })?.log.view
        else { return }
        state.withLock { state in
            for item in items where state.seen.insert(item.message).inserted {
                guard let envelope = EnvelopeText.envelope(item.message) else { continue }
                state.sealed.append(Sealed(sender: name, receiver: item.receiverID, envelope: envelope, view: view))
            }
        }
    }
}

struct TappedTransport: Transport {
    let way: any Transport
    let tap: Wiretap
    let name: String

    func execute(_ request: APIRequest) async throws -> APIResponse {
        if request.method == "POST", request.path == "/api/messages/" { await tap.record(request.body ?? [], by: name) }
        return try await way.execute(request)
    }

    func stream(_ request: APIRequest, _ receive: @Sendable ([UInt8]) async throws -> Void) async throws -> APIResponse {
        try await way.stream(request, receive)
    }

    func shutdown() async {}
}
