import Crypto
import Foundation
import MessengerAPI

/// The headers of Standard Webhooks (https://www.standardwebhooks.com), symmetric version 1.
public enum WebhookSignature {
    public static let secretLength = 32

    /// How a secret is shown to its client.
    public static func text(ofSecret secret: [UInt8]) -> String { "whsec_" + Data(secret).base64EncodedString() }

    /// - Parameter secrets: the current one first; an older one that is still good signs as well.
    public static func headers(
        id: String, timestamp: Timestamp, body: [UInt8], secrets: [[UInt8]]
    ) -> [(name: String, value: String)] {
        let signatures = secrets.map { secret in
            var code = HMAC<SHA256>(key: SymmetricKey(data: secret))
            code.update(data: Array("\(id).\(timestamp.seconds).".utf8))
            code.update(data: body)
            return "v1," + Data(code.finalize()).base64EncodedString()
        }
        return [
            ("webhook-id", id), ("webhook-timestamp", String(timestamp.seconds)),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
