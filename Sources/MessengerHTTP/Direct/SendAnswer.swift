import MessengerAPI
import MessengerCore

/// The answer to a send that was accepted.
struct SendAnswer {
    let contentType: String
    let body: [UInt8]

    init(receivers: Int, key: IdempotencyKey?, preferences: Preferences) {
        if preferences.json {
            contentType = "application/json"
            body = WireJSON.encode(SendResponse(clientMessageID: key?.text, receivers: receivers))
        } else {
            contentType = "text/plain; charset=utf-8"
            body = Array("Message processed.".utf8)
        }
    }
}
