import KeyLog
import MessengerAPI
import MessengerCore
import MessengerCrypto
import TestSupport
import Testing

@Suite("Every backend keeps account states and their log", .timeLimit(.minutes(2)))
struct StateContractTests {
    @Test("What is published is read back, and stands in the log", arguments: KeyScene.kinds)
    func publish(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            var ann = try await scene.person("ann")
            let desk = try ann.account.device(created: scene.time.now)
            let answer = try await scene.directory.publish(
                try ann.account.advance([ann.phone, desk]), by: ann.session)
            #expect(answer == PublishStateResponse(seq: 2, keysVersion: KeysVersion(3), logSize: 2))

            let keys = try await scene.directory.keys(of: .name(Username("ann")!))
            #expect(keys.userID == ann.id && keys.username == "ann" && keys.keysVersion == KeysVersion(3))
            #expect(keys.certificates.count == 2)
            #expect(Set(keys.devices.map(\.device)) == [ann.phone.name, desk.name])
            #expect(keys.devices.first { $0.device == desk.name }?.rotating == nil)

            // What a client makes of it.
            let view = try await scene.replay().view
            let entry = try #require(view.entry(for: ann.account.name))
            #expect(view.size == 2 && entry.account == ann.account.id)
            let chain = try AccountChain(
                server: scene.log.server, states: keys.states.compactMap { Signed($0.bytes) },
                certificates: keys.certificates.compactMap { Signed($0.bytes) }, entry: entry)
            #expect(chain.seq == 2 && chain.devices.count == 2)
            await #expect(throws: KeyError.noKeys) { try await scene.directory.keys(of: .user(UserID(99))) }
            let bob = try await scene.session("bob")
            await #expect(throws: KeyError.noKeys) { try await scene.directory.keys(of: .user(bob.user)) }
        }
    }

    @Test("The newest state again gets the same answer, and changes nothing", arguments: KeyScene.kinds)
    func repeated(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let session = try await scene.session("ann")
            var account = TestKeyAccount("ann", log: scene.log)
            let request = try account.advance([try account.device(created: scene.time.now)])
            let first = try await scene.directory.publish(request, by: session)
            #expect(try await scene.directory.publish(request, by: session) == first)
            #expect(try await scene.replay().view.size == 1)
        }
    }

    @Test("A state that is not the next one is refused, with the newest", arguments: KeyScene.kinds)
    func stale(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann")
            let stale = KeyError.staleState(newest: 1)
            for state in [
                try ann.account.next(ann.devices, seq: 3), try ann.account.next(ann.devices, seq: 1),
                try TestKeyAccount("ann", log: scene.log).next([]),
            ] {
                await #expect(throws: stale) {
                    try await scene.directory.publish(TestKeyAccount.request(state, ann.devices), by: ann.session)
                }
            }
            #expect(try await scene.replay().view.size == 1)
        }
    }

    @Test("What does not follow, or is not its owner's, is refused", arguments: KeyScene.kinds)
    func invalid(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann")
            let (account, phone) = (ann.account, ann.phone)
            let other = TestKeyAccount("ann", log: scene.log)
            let foreign = try other.device(created: scene.time.now)
            let desk = try account.device(created: scene.time.now)
            let twin = TestKeyDevice(
                key: phone.key,
                certificate: try Signed(
                    DeviceCertificate(
                        account: account.id, firstSeq: 2, deviceKey: phone.key.publicKey, suite: .x25519, created: 7),
                    by: account.key, server: scene.log.server), server: scene.log.server)
            let wrong: [(String, Signed<AccountState>, [TestKeyDevice])] = [
                ("previous", try account.next([phone], previous: .zero), [phone]),
                ("signature", try account.next([phone], signer: SigningKey()), [phone]),
                ("label", try account.next([phone], name: .zero), [phone]),
                ("certificate of another account", try account.next([foreign]), [foreign]),
                ("certificate missing", try account.next([phone, desk]), [phone]),
                ("certificate not listed", try account.next([phone]), [phone, desk]),
                ("a device twice", try account.next([phone, twin]), [phone, twin]),
            ]
            for (what, state, devices) in wrong {
                do {
                    _ = try await scene.directory.publish(TestKeyAccount.request(state, devices), by: ann.session)
                    Issue.record("\(what) was taken")
                } catch KeyError.invalid {}
            }
            let bob = try await scene.session("bob")
            do {
                let state = try TestKeyAccount("bob", log: scene.log).next([], previous: StateHash(of: account.newest!))
                _ = try await scene.directory.publish(TestKeyAccount.request(state, []), by: bob)
                Issue.record("a first state with a previous one was taken")
            } catch KeyError.invalid {}
            #expect(try await scene.replay().view.size == 1)
        }
    }

    @Test("A removed device loses its keys and its session", arguments: KeyScene.kinds)
    func revocation(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            var ann = try await scene.person("ann", oneTime: 2)
            let desk = try ann.account.device(created: scene.time.now)
            let deskSession = try await scene.session("ann", of: ann.id)
            _ = try await scene.directory.publish(try ann.account.advance([ann.phone, desk]), by: ann.session)
            _ = try await scene.directory.publish(try desk.keys(oneTime: 2, created: scene.time.now), by: deskSession)
            let before = try await scene.version(of: ann)

            _ = try await scene.directory.publish(try ann.account.advance([ann.phone]), by: ann.session)
            #expect(scene.loggedOut.all == [deskSession.device])
            #expect(try await scene.store.session(deskSession.token, now: scene.time.now) == nil)
            #expect(try await scene.store.session(ann.session.token, now: scene.time.now) != nil)
            #expect(try await scene.version(of: ann) == before.next)
            await #expect(throws: KeyError.noKeys) { try await scene.directory.count(of: desk.name, for: ann.session) }
            #expect(try await scene.directory.keys(of: .user(ann.id)).devices.map(\.device) == [ann.phone.name])
            #expect(try await scene.claim(ann, by: ann, "1").map(\.device) == [ann.phone.fingerprint])
            await #expect(throws: KeyError.self) {
                try await scene.directory.publish(try desk.keys(created: scene.time.now), by: deskSession)
            }
        }
    }

    @Test("An account takes another's place only by name, and gets a tombstone", arguments: KeyScene.kinds)
    func reset(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann", oneTime: 1)
            let fresh = TestKeyAccount("ann", log: scene.log)
            let phone = try fresh.device(created: scene.time.now)
            let state = try fresh.next([phone])
            await #expect(throws: KeyError.staleState(newest: 1)) {
                try await scene.directory.publish(
                    TestKeyAccount.request(state, [phone], replaces: fresh.id), by: ann.session)
            }
            let answer = try await scene.directory.publish(
                TestKeyAccount.request(state, [phone], replaces: ann.account.id), by: ann.session)
            #expect(answer.seq == 1 && answer.logSize == 3)
            let view = try await scene.replay().view
            #expect(view.isDeleted(ann.account.id) && view.entry(for: fresh.name)?.account == fresh.id)
            let keys = try await scene.directory.keys(of: .user(ann.id))
            #expect(keys.states.count == 1 && keys.devices.map(\.device) == [phone.name] && keys.certificates.count == 1)
            // Deleting the user covers what is left.
            #expect(try await scene.store.delete(ann.id, now: scene.time.now))
            #expect(try await scene.replay().view.isDeleted(fresh.id))
        }
    }

    @Test("An account that has been in the log never begins again, whoever publishes it", arguments: KeyScene.kinds)
    func knownAccount(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann")
            let bob = try await scene.person("bob")
            let session = try await scene.session("cleo")
            let name = NameLabel(username: "cleo", key: scene.log.nameKey)
            // Whoever has the key of two users' account could make every client stop.
            func begin(_ person: KeyScene.Person, under name: NameLabel) throws -> Signed<AccountState> {
                try person.account.next(person.devices, seq: 1, previous: .zero, name: name)
            }
            await #expect(throws: KeyError.knownAccount) {
                try await scene.directory.publish(
                    TestKeyAccount.request(try begin(ann, under: name), ann.devices), by: session)
            }
            #expect(try await scene.store.delete(ann.id, now: scene.time.now))
            await #expect(throws: KeyError.knownAccount) {
                try await scene.directory.publish(
                    TestKeyAccount.request(try begin(ann, under: name), ann.devices), by: session)
            }
            // Nor does it take its own place.
            let other = try TestKeyAccount("bob", log: scene.log).next([])
            _ = try await scene.directory.publish(
                TestKeyAccount.request(other, [], replaces: bob.account.id), by: bob.session)
            await #expect(throws: KeyError.knownAccount) {
                try await scene.directory.publish(
                    TestKeyAccount.request(try begin(bob, under: bob.account.name), bob.devices, replaces: other.object.account),
                    by: bob.session)
            }
            #expect(try await scene.replay().view.size == 5)
        }
    }

    @Test("Twenty states at once, then one an hour", arguments: KeyScene.kinds)
    func limit(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            var ann = try await scene.person("ann")
            for _ in 0..<19 {
                _ = try await scene.directory.publish(try ann.account.advance(ann.devices), by: ann.session)
            }
            let next = try ann.account.advance(ann.devices)
            await #expect(throws: KeyError.tooManyStates(retryAfter: .hours(1))) {
                try await scene.directory.publish(next, by: ann.session)
            }
            scene.time.advance(by: .hours(1))
            #expect(try await scene.directory.publish(next, by: ann.session).seq == 21)
        }
    }

    @Test("Of many who publish at once, each state gets a place of its own", arguments: KeyScene.kinds)
    func concurrent(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let people = 40
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<people { group.addTask { _ = try await scene.person("user-\(number)") } }
                try await group.waitForAll()
            }
            let view = try await scene.replay().view
            #expect(view.size == UInt64(people) && view.accountCount == people)
        }
    }

    @Test("Of two devices that set up the same account at once, one wins", arguments: KeyScene.kinds)
    func race(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let session = try await scene.session("ann")
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var account = TestKeyAccount("ann", log: scene.log)
                        let request = try account.advance([try account.device(created: scene.time.now)])
                        do {
                            return try await scene.directory.publish(request, by: session).seq == 1
                        } catch KeyError.staleState(newest: 1) {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 } == 1)
            #expect(try await scene.replay().view.size == 1)
        }
    }
}
