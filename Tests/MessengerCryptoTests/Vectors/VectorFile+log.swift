import Crypto
import Foundation

@testable import KeyLog

extension VectorFile {
    static func log() throws -> VectorFile {
        var tree = MerkleTree()
        for number in 0..<257 { tree.append(.leaf(entry(number))) }
        let pairs: [(UInt64, UInt64)] = [
            (0, 1), (0, 2), (1, 2), (2, 3), (3, 7), (6, 7), (5, 8), (0, 256), (256, 257), (100, 257),
        ]
        let steps: [(UInt64, UInt64)] = [(1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 8), (8, 8), (255, 257), (256, 257)]
        let salted = try records()
        var recordTree = MerkleTree()
        for record in salted { recordTree.append(.leaf(record.record.entry(salt: record.salt))) }
        return VectorFile(
            name: "log.json",
            content: [
                "roots": try (Array(0...8) + [257]).map { size in
                    ["size": size, "root": try tree.root(size: UInt64(size)).hex] as Object
                },
                "inclusion": try pairs.map { index, size in
                    ["index": index, "size": size, "proof": try tree.inclusionProof(index: index, size: size).map(\.hex)]
                        as Object
                },
                "consistency": try steps.map { old, size in
                    ["from": old, "to": size, "proof": try tree.consistencyProof(from: old, to: size).map(\.hex)] as Object
                },
                "tiles": try Tile.added(to: 257).map { tile in
                    ["path": tile.path, "sha256": Array(SHA256.hash(data: try tree.bytes(of: tile))).hex]
                },
                "records": salted.map { record, salt in
                    [
                        "record": record.bytes.hex, "salt": salt.hex, "entry": record.entry(salt: salt).hex,
                        "fields": [
                            "type": record.type.rawValue, "name": record.name.hex, "account": record.account.hex,
                            "seq": record.seq, "hash": record.hash.hex, "time": record.time,
                        ] as Object,
                    ] as Object
                },
                "record_root": try recordTree.root(size: recordTree.size).hex,
                "tombstone_covers": [0, 2],
                "notes": try notes(Checkpoint(origin: "messenger.example/log", size: 257, root: tree.root(size: 257))),
            ])
    }

    private static func entry(_ number: Int) -> [UInt8] {
        var entry = [UInt8](repeating: 0, count: 24)
        entry.append(bigEndian: UInt64(number))
        return entry
    }

    private static func records() throws -> [(record: LogRecord, salt: RecordSalt)] {
        let ann = AccountID(unchecked: TestWorld.seed("ann").exposed)
        let bob = AccountID(unchecked: TestWorld.seed("bob").exposed)
        func state(_ account: AccountID, _ seq: UInt32) -> LogRecord {
            LogRecord(
                type: .accountState, name: NameLabel(unchecked: account.bytes.reversed()), account: account, seq: seq,
                hash: StateHash(unchecked: TestWorld.seed("state \(seq)").exposed), time: TestWorld.now)
        }
        let records = [
            state(ann, 1), state(bob, 1), state(ann, 2),
            LogRecord(
                type: .webRelease, name: .zero, account: .zero, seq: 1,
                hash: StateHash(unchecked: TestWorld.seed("bundle").exposed), time: TestWorld.now),
            .tombstone(of: ann, covering: [0, 2], time: TestWorld.now),
        ]
        return records.enumerated().map { ($1, RecordSalt(unchecked: TestWorld.seed("salt \($0)").exposed)) }
    }

    private static func notes(_ checkpoint: Checkpoint) throws -> [Object] {
        guard
            let log = NoteSigner(name: "messenger.example/log", kind: .ed25519, seed: TestWorld.seed("log").exposed),
            let fresh = NoteSigner(name: "messenger.example/fresh", kind: .cosignature, seed: TestWorld.seed("fresh").exposed),
            let other = NoteSigner(name: "messenger.example/log", kind: .ed25519, seed: TestWorld.seed("other").exposed)
        else { throw CocoaError(.featureUnsupported) }
        let note = String(decoding: try checkpoint.note(signedBy: [log, fresh], time: 1_800_000_000).bytes, as: UTF8.self)
        let forged = note.replacing("\n257\n", with: "\n258\n")
        return [
            ["note": note, "key": log.verifierKey.description, "time": 0],
            ["note": note, "key": fresh.verifierKey.description, "time": 1_800_000_000],
            ["note": note, "key": other.verifierKey.description, "time": NSNull()],
            ["note": forged, "key": log.verifierKey.description, "time": NSNull()],
            ["note": forged, "key": fresh.verifierKey.description, "time": NSNull()],
        ]
    }
}
