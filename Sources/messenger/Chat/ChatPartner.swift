import Foundation
import KeyLog
import MessengerClient
import MessengerCrypto

/// With whom a conversation is: one person, or a group.
enum ChatPartner: Hashable, Sendable {
    case person(String)
    case group(ConversationID, name: String)

    /// - Parameter group: the name of a group, or the first digits of its id.
    static func find(person: String?, group: String?, _ messenger: Messenger) async throws -> ChatPartner {
        if let person { return .person(person) }
        let found = try await GroupSelection(name: group ?? "").find(messenger)
        return .group(found.id, name: found.name)
    }

    var name: String {
        switch self {
        case .person(let name), .group(_, let name): name
        }
    }

    var groupID: ConversationID? {
        if case .group(let id, _) = self { id } else { nil }
    }

    func holds(_ message: ReceivedMessage) -> Bool {
        switch self {
        case .person(let name): message.conversationWith == name
        case .group(let id, _): message.group == id
        }
    }

    func send(_ content: MessageContent, _ messenger: Messenger) async throws -> SentMessage {
        switch self {
        case .person(let name): try await messenger.send(content, to: name)
        case .group(let id, _): try await messenger.send(content, in: id)
        }
    }

    func send(
        file: URL, text: String? = nil, _ messenger: Messenger, progress: @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws -> SentMessage {
        switch self {
        case .person(let name): try await messenger.send(file: file, to: name, text: text, progress: progress)
        case .group(let id, _): try await messenger.send(file: file, in: id, text: text, progress: progress)
        }
    }

    /// To devices that are not post-quantum from now on.
    func acceptClassicalDevices(_ messenger: Messenger) async throws {
        switch self {
        case .person(let name): try await messenger.acceptClassicalDevices(with: name)
        case .group(let id, _): try await messenger.acceptClassicalDevices(in: id)
        }
    }

    /// In seconds; nil when messages stay.
    func timer(_ messenger: Messenger) async throws -> Int? {
        switch self {
        case .person(let name): try await messenger.timer(with: name)
        case .group(let id, _): try await messenger.timer(in: id)
        }
    }

    func history(_ messenger: Messenger, limit: Int) async throws -> [HistoryItem] {
        try await history(messenger, before: nil, limit: limit)
    }

    func history(_ messenger: Messenger, before position: HistoryPosition?, limit: Int) async throws -> [HistoryItem] {
        switch self {
        case .person(let name): try await messenger.history(with: name, before: position, limit: limit)
        case .group(let id, _): try await messenger.history(of: id, before: position, limit: limit)
        }
    }
}
