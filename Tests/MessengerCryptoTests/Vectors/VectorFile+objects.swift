import Foundation
import KeyLog

@testable import MessengerCrypto

extension VectorFile {
    static func objects() throws -> VectorFile {
        var world = try TestWorld()
        var ann = try world.account("ann", [.xWing, .x25519])
        let bob = try world.account("bob", [.xWing])
        let firstKey = ann.key
        try world.publish([ann.phone], of: &ann, newKey: try TestWorld.signingKey("ann's second key"))
        let first = try world.groupStart(by: ann, with: bob)
        let add = try world.groupAddition(after: first, by: ann)
        var objects = try (ann.devices + bob.devices).map { try record($0.record, by: $0.key) }
        objects += try ann.certificates.map { try certificate($0, by: firstKey) }
        objects += try ann.states.map { try state($0, by: firstKey) }
        objects += try [first, add].map { change in
            [
                "kind": "group", "object": change.bytes.hex, "hash": GroupChangeHash(of: change).hex,
                "id": ConversationID.group(startingWith: change).hex, "signer_seed": ann.phone.key.seed.hex,
                "signature": try Signed(change, by: ann.phone.key, server: world.server).signature.hex, "fields": Object(),
            ] as Object
        }
        let names: [(UInt32, String)] = [(1, "Lake"), (2, "See 🏞"), (3, String(repeating: "x", count: GroupName.maximumLength))]
        objects += try names.map { revision, text in
            guard
                let name = GroupName(
                    group: .group(startingWith: first), head: GroupChangeHash(of: add), revision: revision, author: ann.id,
                    device: ann.phone.fingerprint, text: text)
            else { throw CocoaError(.featureUnsupported) }
            return groupName(try Signed(name, by: ann.phone.key, server: world.server), by: ann.phone.key)
        }
        var sentAgain = try world.message(from: ann, to: .direct(ann.id, bob.id), id: "again")
        sentAgain.flags = .sentAgain
        var group = try world.message(from: ann, to: .group(startingWith: first), id: "group", counter: 7, content: "")
        group.previous = sentAgain.hash
        group.groupEpoch = 1
        group.groupState = GroupStateHash(unchecked: TestWorld.seed("some state").exposed)
        let secret = TestWorld.seed("secret of an envelope")
        let keys = BodyKeys(secret: secret)
        return VectorFile(
            name: "objects.json",
            content: [
                "server": world.server.hex, "objects": objects, "content": content(),
                "messages": try [world.message(from: ann, to: .direct(ann.id, bob.id)), sentAgain, group].map(message),
                "body_keys": [
                    [
                        "secret": secret.hex,
                        "derived": (keys.key.withUnsafeBytes { Array($0) } + keys.nonce + keys.commitment).hex,
                    ]
                ],
            ])
    }

    private static func record(_ signed: Signed<KeyRecord>, by key: SigningKey) throws -> Object {
        let record = signed.object
        return [
            "kind": "key", "object": record.bytes.hex, "hash": KeyID(of: record).hex, "signer_seed": key.seed.hex,
            "signature": signed.signature.hex,
            "fields": [
                "kind": record.kind.rawValue, "kem": record.kem, "account": record.account.hex, "device": record.device.hex,
                "created": record.created, "pk": record.publicKey.hex,
            ] as Object,
        ]
    }

    private static func certificate(_ signed: Signed<DeviceCertificate>, by key: SigningKey) throws -> Object {
        let certificate = signed.object
        return [
            "kind": "device", "object": certificate.bytes.hex, "hash": CertificateHash(of: certificate).hex,
            "signer_seed": key.seed.hex, "signature": signed.signature.hex,
            "fields": [
                "account": certificate.account.hex, "first_seq": certificate.firstSeq, "key": certificate.deviceKey.hex,
                "kem": certificate.kem, "flags": certificate.flags.rawValue, "created": certificate.created,
            ] as Object,
        ]
    }

    private static func state(_ signed: Signed<AccountState>, by key: SigningKey) throws -> Object {
        let state = signed.object
        return [
            "kind": "state", "object": state.bytes.hex, "hash": StateHash(of: state).hex, "signer_seed": key.seed.hex,
            "signature": signed.signature.hex,
            "fields": [
                "account": state.account.hex, "seq": state.seq, "previous": state.previous.hex, "key": state.accountKey.hex,
                "name": state.name.hex, "certificates": state.certificates.map(\.hex), "time": state.time,
            ] as Object,
        ]
    }

    private static func groupName(_ signed: Signed<GroupName>, by key: SigningKey) -> Object {
        let name = signed.object
        return [
            "kind": "group-name", "object": name.bytes.hex, "signer_seed": key.seed.hex, "signature": signed.signature.hex,
            "fields": [
                "group": name.group.hex, "head": name.head.hex, "revision": name.revision, "author": name.author.hex,
                "device": name.device.hex, "text": Array(name.text.utf8).hex,
            ] as Object,
        ]
    }

    private static func message(_ message: Message) -> Object {
        [
            "message": message.bytes.hex, "hash": message.hash.hex,
            "fields": [
                "type": message.type.rawValue, "flags": message.flags.rawValue, "from_account": message.fromAccount.hex,
                "from_device": message.fromDevice.hex, "conversation": message.conversation.hex, "id": message.id.hex,
                "counter": message.counter, "previous": message.previous.hex, "sent": message.sent,
                "from_seq": message.fromSeq, "log_size": message.logSize, "log_root": message.logRoot.hex,
                "newest_key": message.newestKey.hex, "newest_key_created": message.newestKeyCreated,
                "group_epoch": message.groupEpoch, "group_state": message.groupState.hex, "content": message.content.hex,
            ] as Object,
        ]
    }

    private static func content() -> [Object] {
        let texts = [
            "", "{}", #"{"text":"h\u00e9 😀"}"#, #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":1}"#, #"{"a":"\ud800"}"#,
            #"{"a":9007199254740991}"#, #"{"a":9007199254740992}"#, #"{"a":9007199254740993}"#, #"{"a":1.0}"#, #"{"a":1e2}"#,
            "\u{FEFF}{}", "[]", "{}{}", #"{"a":NaN}"#,
            String(repeating: #"{"a":"#, count: 15) + "{}" + String(repeating: "}", count: 15),
            String(repeating: #"{"a":"#, count: 16) + "{}" + String(repeating: "}", count: 16),
        ]
        return (texts.map { Array($0.utf8) } + [Array(#"{"a":""#.utf8) + [0xFF] + Array(#""}"#.utf8)]).map {
            ["content": $0.hex, "strict": StrictJSON.isContent($0)]
        }
    }
}
