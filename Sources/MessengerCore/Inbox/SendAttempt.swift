import Crypto
import Foundation
import MessengerAPI

/// A send as a client asked for it, before any check.
public struct SendAttempt: Sendable {
    public static let maximumMessageBytes = 256 << 10
    public static let maximumReceivers = 1_000

    public let request: SendRequest
    public let key: IdempotencyKey?
    private let items: [SendRequest.Item]

    public init(request: SendRequest, key: IdempotencyKey?) {
        self.request = request
        self.key = key
        if let list = request.messages {
            items = list
        } else if let receiver = request.receiverID, let message = request.message {
            items = [SendRequest.Item(receiverID: receiver, message: message, keysVersion: request.keysVersion)]
        } else {
            items = []
        }
    }

    func submission(from session: Session, now: Timestamp) -> Submission {
        Submission(
            sender: session.user, senderUsername: session.username,
            messages: items.map { Submission.Outgoing(receiver: $0.receiverID, body: $0.message, keysVersion: $0.keysVersion) },
            sendDate: request.sendDate ?? "", key: key, fingerprint: key == nil ? [] : fingerprint, now: now)
    }

    /// The first thing wrong with the request, or nil.
    func refusal(from session: Session) -> SendRefusal? {
        if let list = request.messages {
            if request.receiverID != nil || request.message != nil {
                return .invalid(field: "messages", reason: "Either messages, or receiver_id with message.")
            }
            if request.keysVersion != nil {
                return .invalid(field: "keys_version", reason: "In a list it stands in each of the messages.")
            }
            if list.isEmpty { return .invalid(field: "messages", reason: "The list is empty.") }
            if list.count > Self.maximumReceivers {
                return .invalid(field: "messages", reason: "At most \(Self.maximumReceivers) receivers.")
            }
            if Set(list.map(\.receiverID)).count < list.count {
                return .invalid(field: "messages", reason: "A receiver is named twice.")
            }
        } else {
            if request.message == nil { return .invalid(field: "message", reason: "The field is missing.") }
            if request.receiverID == nil { return .invalid(field: "receiver_id", reason: "The field is missing.") }
            if request.senderID == nil { return .invalid(field: "sender_id", reason: "The field is missing.") }
            if request.senderUsername == nil { return .invalid(field: "sender_username", reason: "The field is missing.") }
        }
        guard let date = request.sendDate else { return .invalid(field: "send_date", reason: "The field is missing.") }
        if !SendDate.isValid(date) {
            return .invalid(field: "send_date", reason: "Use YYYY-MM-DD HH:MM:SS or ISO 8601.")
        }
        if let id = request.senderID, id != session.user { return .senderMismatch }
        if let name = request.senderUsername, !session.username.isSame(as: name) { return .senderMismatch }
        if items.contains(where: { $0.message.utf8.count > Self.maximumMessageBytes }) { return .messageTooLarge }
        return nil
    }

    /// SHA-256 over receivers, messages and date, each with its length, so that no two contents share one.
    private var fingerprint: [UInt8] {
        var hash = SHA256()
        func add(_ text: String) {
            var text = text
            withUnsafeBytes(of: UInt64(text.utf8.count).bigEndian) { hash.update(bufferPointer: $0) }
            text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        }
        add(request.sendDate ?? "")
        for item in items {
            withUnsafeBytes(of: item.receiverID.rawValue.bigEndian) { hash.update(bufferPointer: $0) }
            add(item.message)
        }
        return Array(hash.finalize())
    }
}

/// Why a send was refused. Nothing of it was stored.
public enum SendRefusal: Error, Equatable, Sendable {
    case invalid(field: String, reason: String)
    case senderMismatch
    case messageTooLarge
    case unknownReceivers([UserID])
    case staleKeys([StaleKeys])
    case fullReceivers([UserID])
    case keyReused
    case tooManyKeys
    case diskFull
    case senderGone
}
