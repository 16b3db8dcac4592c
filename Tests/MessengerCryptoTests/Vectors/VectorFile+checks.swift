import Foundation
import KeyLog

@testable import MessengerCrypto

extension VectorFile {
    /// Messages of one device in the order in which they come, each with what E14 to E18 find.
    static func checks() throws -> VectorFile {
        var world = try TestWorld()
        let ann = try world.account("ann", [.xWing])
        let bob = try world.account("bob", [.xWing])
        let eve = try world.account("eve", [.xWing])
        let conversation = Conversation(direct: ann.id, bob.id)
        func message(_ name: String, _ counter: UInt64, from sender: TestAccount, to other: TestAccount? = nil) throws -> Message
        {
            let id: ConversationID = other.map { .direct(sender.id, $0.id) } ?? conversation.id
            return try world.message(from: sender, to: id, id: name, counter: counter)
        }
        let first = try message("first", 1, from: ann)
        let second = try message("second", 2, from: ann).after(first)
        let doubled = try message("doubled", 1, from: bob).changed { $0.content = Array(#"{"text":"a","text":"b"}"#.utf8) }
        let messages: [(name: String, message: Message)] = [
            ("first", first), ("second", second),
            ("E14 from somebody who is not in it", try message("eve", 1, from: eve)),
            ("E14 of another conversation", try message("third", 3, from: ann, to: eve).after(second)),
            ("E15 doubled name", doubled),
            ("E15 state of a group", try message("group", 2, from: bob).after(doubled).changed { $0.groupEpoch = 1 }),
            ("E16 same id, other content", try message("first", 4, from: ann).changed { $0.content = [] }),
            ("E17 gap", try message("sixth", 6, from: ann)),
            ("E17 not after the one before", try message("seventh", 7, from: ann).after(first)),
            ("E18 another root", try message("root", 3, from: bob).changed { $0.logRoot = .empty }),
            ("E18 a state that is not there", try message("state", 4, from: bob).changed { $0.fromSeq = 9 }),
        ]
        return VectorFile(
            name: "checks.json",
            content: [
                "members": [ann.id.hex, bob.id.hex], "conversation": conversation.id.hex, "entries": world.entries.map(\.hex),
                "states": [ann, bob, eve].enumerated().map { ["account": $1.id.hex, "entries": [$0]] as Object },
                "cases": found(messages, in: conversation, log: world.log),
            ])
    }

    private static func found(
        _ messages: [(name: String, message: Message)], in conversation: Conversation, log: LogView
    ) -> [Object] {
        var seen: [String: MessageHash] = [:]
        var sequences: [DeviceFingerprint: MessageSequence] = [:]
        return messages.map { name, message in
            let id = message.fromAccount.hex + message.id.hex
            let findings = MessageChecks.findings(
                for: message, in: conversation, knownHash: seen[id],
                sequence: &sequences[message.fromDevice, default: MessageSequence()], log: log)
            if seen[id] == nil { seen[id] = message.hash }
            return ["name": name, "message": message.bytes.hex, "findings": findings.map(\.code)]
        }
    }
}

extension Message {
    fileprivate func changed(_ change: (inout Message) -> Void) -> Message {
        var message = self
        change(&message)
        return message
    }

    fileprivate func after(_ other: Message) -> Message { changed { $0.previous = other.hash } }
}
