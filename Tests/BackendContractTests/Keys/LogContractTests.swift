import KeyLog
import MessengerAPI
import MessengerCore
import MessengerCrypto
import TestSupport
import Testing

@Suite("Every backend serves the key log", .timeLimit(.minutes(2)))
struct LogContractTests {
    @Test("An empty log has a signed checkpoint, and no files", arguments: KeyScene.kinds)
    func empty(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let replay = try await scene.replay()
            #expect(replay.view.size == 0 && replay.freshAt == UInt64(scene.time.now.seconds))
            let files = KeyLogFiles(store: scene.store)
            for path in ["tile/0/000", "tile/0/000.p/1", "tile/records/000.p/1", "tile/9/000", "tile/0", "", "tile/records/x"] {
                #expect(try await files.file(at: path) == nil, "\(path)")
            }
            #expect(try await files.file(at: "tile/0/x999/x999/x999/x999/x999/999") == nil)
        }
    }

    @Test("Over the edge of a tile, what is served is what was signed, at every size", arguments: KeyScene.kinds)
    func tiles(_ kind: BackendKind) async throws {
        var limits = InboxLimits()
        limits.keys.states = Allowance(burst: 1_000, interval: .seconds(1))
        try await KeyScene.run(kind, limits: limits) { scene in
            var ann = try await scene.person("ann")
            for size in 2...260 {
                _ = try await scene.directory.publish(try ann.account.advance(ann.devices), by: ann.session)
                if size > 254 || size == 3 { #expect(try await scene.replay().view.size == UInt64(size)) }
            }
            let files = KeyLogFiles(store: scene.store)
            #expect(try await files.file(at: "tile/0/000")?.count == 8_192)
            #expect(try await files.file(at: "tile/0/000.p/7")?.count == 7 * 32, "an older width goes on being served")
            #expect(try await files.file(at: "tile/1/000.p/1")?.count == 32)
            #expect(try await files.file(at: "tile/records/001.p/4") != nil)
            #expect(try await files.file(at: "tile/records/001.p/5") == nil)
        }
    }

    @Test("A deleted account gets a tombstone, and thirty days later its records are erased", arguments: KeyScene.kinds)
    func tombstone(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            var ann = try await scene.person("ann", oneTime: 2)
            let bob = try await scene.person("bob")
            _ = try await scene.directory.publish(try ann.account.advance(ann.devices), by: ann.session)
            _ = try await scene.session("plain")
            #expect(try await scene.store.delete(ann.id, now: scene.time.now))
            #expect(try await !scene.store.delete(ann.id, now: scene.time.now))
            #expect(try await scene.store.delete(UserID(3), now: scene.time.now), "who has no keys leaves no trace")
            let buried = try await scene.replay()
            #expect(buried.view.size == 4 && buried.view.isDeleted(ann.account.id))
            #expect(buried.view.entry(for: ann.account.name) == nil && buried.view.entry(for: bob.account.name) != nil)
            await #expect(throws: KeyError.noKeys) { try await scene.directory.keys(of: .user(ann.id)) }

            func sweepAndCountErased() async throws -> Int {
                let sweep = Sweep(now: scene.time.now, expireBefore: scene.time.now - .days(30), limit: 10)
                while try await scene.store.sweep(sweep).hasMore {}
                return try await scene.replay().records.count { if case .erased = $0 { true } else { false } }
            }
            scene.time.advance(by: .days(30) - .milliseconds(1))
            #expect(try await sweepAndCountErased() == 0)
            scene.time.advance(by: .milliseconds(1))
            #expect(try await sweepAndCountErased() == 2)
            #expect(try await scene.replay().view.root == buried.view.root)
            // The log goes on.
            _ = try await scene.person("ann")
            #expect(try await scene.replay().view.size == 5)
        }
    }

    @Test("The log's key changes under it, and leads from the first to the newest", arguments: KeyScene.kinds)
    func rotation(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let pinned = LogKeys(log: scene.log.first, freshness: scene.log.cosigner)
            #expect(scene.log.introductions.isEmpty && scene.log.first == scene.log.key)
            _ = try await scene.person("ann")
            let first = try await scene.store.rotateLogKey(now: scene.time.now)
            #expect(first.first == scene.log.first && first.key != scene.log.key && first.server == scene.log.server)
            let introducing = try #require(try await scene.store.checkpoint())
            #expect(try pinned.open(introducing).checkpoint.size == 1, "until the log grows, the old key signs too")
            #expect(try await scene.replay().freshAt == UInt64(scene.time.now.seconds))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<20 {
                    group.addTask { _ = try await scene.person("person \(index)") }
                    if index % 5 == 0 { group.addTask { _ = try await scene.store.rotateLogKey(now: scene.time.now) } }
                }
                try await group.waitForAll()
            }
            scene.time.advance(by: .seconds(60))
            try await scene.store.refreshCheckpoint(olderThan: .seconds(59), now: scene.time.now)
            let replay = try await scene.replay()
            #expect(replay.view.size == 21)
            let last = try #require(try await scene.store.logIdentity())
            #expect(try await scene.store.openLog(now: scene.time.now).introductions == last.introductions)
            let note = try #require(try await scene.store.checkpoint())
            let (keys, _, introducedBy) = try pinned.open(note, following: last.introductions)
            #expect(keys.log == last.key && introducedBy.count == 5)
            for earlier in introducedBy { #expect(replay.view.root(at: earlier.size) == earlier.root) }
        }
    }

    @Test("The cosignature is made anew when it is old, and the checkpoint stays", arguments: KeyScene.kinds)
    func freshness(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            _ = try await scene.person("ann")
            let before = try await scene.replay()
            scene.time.advance(by: .seconds(50))
            try await scene.store.refreshCheckpoint(olderThan: .seconds(59), now: scene.time.now)
            #expect(try await scene.replay().freshAt == before.freshAt)
            scene.time.advance(by: .seconds(10))
            try await scene.store.refreshCheckpoint(olderThan: .seconds(59), now: scene.time.now)
            let after = try await scene.replay()
            #expect(after.freshAt == before.freshAt! + 60 && after.view.root == before.view.root)
            let note = try SignedNote(try #require(try await scene.store.checkpoint()))
            #expect(note.signatures.count == 2)
        }
    }
}
