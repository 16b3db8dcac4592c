import KeyLog
import MessengerAPI
import MessengerCore
import MessengerCrypto
import TestSupport
import Testing

@Suite("Every backend hands out keys", .timeLimit(.minutes(2)))
struct ClaimContractTests {
    @Test("A claim gets a one-time key of each device, then the rotating one", arguments: KeyScene.kinds)
    func claim(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            var ann = try await scene.person("ann", oneTime: 1)
            let bob = try await scene.person("bob")
            let desk = try ann.account.device(created: scene.time.now)
            let silent = try ann.account.device(created: scene.time.now)
            _ = try await scene.directory.publish(try ann.account.advance([ann.phone, desk, silent]), by: ann.session)
            let session = try await scene.session("ann", of: ann.id)
            _ = try await scene.directory.publish(try desk.keys(oneTime: 2, created: scene.time.now), by: session)

            let first = try await scene.claim(ann, by: bob, "1")
            #expect(Set(first.map(\.device)) == [ann.phone.fingerprint, desk.fingerprint])
            #expect(first.allSatisfy { $0.kind == .oneTime })
            let second = try await scene.claim(ann, by: bob, "2")
            #expect(second.first { $0.device == ann.phone.fingerprint }?.kind == .rotating)
            #expect(second.first { $0.device == desk.fingerprint }?.kind == .oneTime)
            #expect(Set(first.map { KeyID(of: $0) }).isDisjoint(with: second.map { KeyID(of: $0) }))
            #expect(try await scene.claim(ann, by: bob, "3", devices: [desk]).map(\.device) == [desk.fingerprint])
            await #expect(throws: KeyError.noKeys) {
                try await scene.directory.claim(ClaimKeysRequest(userID: UserID(99), requestID: "1"), by: bob.session)
            }
        }
    }

    @Test("The same claim gets the same keys for a day, also after a restart", arguments: KeyScene.kinds)
    func idempotent(_ kind: BackendKind) async throws {
        try await kind.run { backend in
            let scene = try await KeyScene(backend.store)
            let ann = try await scene.person("ann", oneTime: 5)
            let bob = try await scene.person("bob")
            let first = try await scene.claim(ann, by: bob, "1")
            #expect(try await scene.claim(ann, by: bob, "1") == first)
            #expect(try await scene.claim(ann, by: ann, "1") != first, "another claimer's name is another claim")
            let again = try await KeyScene(try await backend.restart(backend.store))
            #expect(again.log.server == scene.log.server, "the log's keys stay")
            #expect(try await again.claim(ann, by: bob, "1") == first)
            #expect(try await again.directory.count(of: ann.phone.name, for: ann.session).oneTime == 3)
        }
    }

    @Test("No key goes to two claims that come at once", arguments: KeyScene.kinds)
    func once(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann", oneTime: 30)
            var people: [KeyScene.Person] = []
            for number in 0..<8 { people.append(try await scene.person("user-\(number)")) }
            let records = try await withThrowingTaskGroup(of: [KeyRecord].self) { group in
                for person in people {
                    for request in 0..<6 { group.addTask { try await scene.claim(ann, by: person, "\(request)") } }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let oneTime = records.filter { $0.kind == .oneTime }.map { KeyID(of: $0) }
            #expect(records.count == 48 && oneTime.count == 30 && Set(oneTime).count == 30)
        }
    }

    @Test("Six claims of a target, then one in ten minutes; others are not touched", arguments: KeyScene.kinds)
    func limits(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann", oneTime: 50)
            let (bob, cleo) = (try await scene.person("bob"), try await scene.person("cleo"))
            func kinds(_ claimer: KeyScene.Person, _ requests: Range<Int>) async throws -> [KeyRecord.Kind] {
                var kinds: [KeyRecord.Kind] = []
                for request in requests { kinds += try await scene.claim(ann, by: claimer, "\(request)").map(\.kind) }
                return kinds
            }
            #expect(try await kinds(bob, 0..<8) == Array(repeating: .oneTime, count: 6) + [.rotating, .rotating])
            #expect(try await kinds(cleo, 0..<1) == [.oneTime])
            scene.time.advance(by: .minutes(10) - .milliseconds(1))
            #expect(try await kinds(bob, 10..<11) == [.rotating])
            scene.time.advance(by: .milliseconds(1))
            #expect(try await kinds(bob, 11..<13) == [.oneTime, .rotating])
            scene.time.advance(by: .hours(2))
            #expect(try await kinds(bob, 20..<27) == Array(repeating: .oneTime, count: 6) + [.rotating])
        }
    }

    @Test("A key that has expired is not handed out, and goes", arguments: KeyScene.kinds)
    func expiry(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann", oneTime: 3)
            _ = try await scene.claim(ann, by: ann, "1")
            scene.time.advance(by: .days(1))
            try await sweep(scene)
            #expect(try await scene.claim(ann, by: ann, "1").map(\.kind) == [.oneTime], "the first one is forgotten")
            scene.time.advance(by: .days(36))
            #expect(try await scene.claim(ann, by: ann, "2").map(\.kind) == [.rotating])
            try await sweep(scene)
            #expect(try await scene.directory.count(of: ann.phone.name, for: ann.session).oneTime == 0)
        }
    }

    private func sweep(_ scene: KeyScene) async throws {
        while try await scene.store.sweep(Sweep(now: scene.time.now, expireBefore: scene.time.now - .days(30), limit: 10)).hasMore
        {}
    }
}
