import KeyLog
import MessengerAPI
import MessengerCore
import MessengerCrypto
import TestSupport
import Testing

@Suite("Every backend keeps keys", .timeLimit(.minutes(2)))
struct KeyContractTests {
    @Test("A refill adds keys up to a hundred, and may be repeated", arguments: KeyScene.kinds)
    func refill(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let ann = try await scene.person("ann", oneTime: 60)
            let more = try ann.phone.keys(rotating: false, oneTime: 40, created: scene.time.now)
            #expect(try await scene.directory.publish(more, by: ann.session).oneTime == 100)
            #expect(try await scene.directory.publish(more, by: ann.session).oneTime == 100)
            await #expect(throws: KeyError.oneTimeKeysFull) {
                try await scene.directory.publish(
                    try ann.phone.keys(rotating: false, oneTime: 1, created: scene.time.now), by: ann.session)
            }
            let count = try await scene.directory.count(of: ann.phone.name, for: ann.session)
            #expect(count.oneTime == 100 && count.keysVersion == KeysVersion(2))
            // One that was handed out does not come back by a repeat.
            _ = try await scene.claim(ann, by: ann, "1")
            #expect(try await scene.directory.publish(more, by: ann.session).oneTime == 99)
        }
    }

    @Test("A new rotating key makes a new version, and says up to where the old one may be needed", arguments: KeyScene.kinds)
    func rotation(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let (ann, bob) = (try await scene.person("ann"), try await scene.person("bob"))
            for _ in 0..<3 { #expect(try await scene.send(from: bob, to: [(ann, KeysVersion(2))]) == .accepted(receivers: 1)) }
            scene.time.advance(by: .days(1))
            let next = try ann.phone.keys(created: scene.time.now)
            let answer = try await scene.directory.publish(next, by: ann.session)
            #expect(answer.keysVersion == KeysVersion(3) && answer.sealedThrough == MessageNumber(3))
            _ = try await scene.send(from: bob, to: [(ann, KeysVersion(3))])
            #expect(try await scene.directory.publish(next, by: ann.session) == answer, "a lost answer is asked for again")
            let count = try await scene.directory.count(of: ann.phone.name, for: ann.session)
            #expect(count.rotating?.bytes == Signed<KeyRecord>(next.rotating!.bytes).map { KeyID(of: $0.object).bytes })
            #expect(count.sealedThrough == MessageNumber(3))
        }
    }

    @Test("Keys that are old, from the future, or somebody else's are refused", arguments: KeyScene.kinds)
    func invalid(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let (ann, bob) = (try await scene.person("ann"), try await scene.person("bob"))
            let (phone, now) = (ann.phone, scene.time.now)
            func request(_ rotating: Base64Bytes?, _ oneTime: [Base64Bytes] = []) -> PublishKeysRequest {
                PublishKeysRequest(device: phone.name, rotating: rotating, oneTime: oneTime)
            }
            let wrong = [
                ("not newer", request(try phone.record(.rotating, created: now))),
                ("expired", request(nil, [try phone.record(.oneTime, created: now - .days(37))])),
                ("from the future", request(nil, [try phone.record(.oneTime, created: now + .days(2))])),
                ("another kind", request(nil, [try phone.record(.rotating, created: now)])),
                ("another signer", request(nil, [try phone.record(.oneTime, created: now, by: SigningKey())])),
                ("another device", request(nil, [try bob.phone.record(.oneTime, created: now)])),
                ("no record", request(nil, [Base64Bytes([1, 2, 3])])),
                ("an unknown device", try bob.phone.keys(created: now)),
            ]
            for (what, request) in wrong {
                do {
                    _ = try await scene.directory.publish(request, by: ann.session)
                    Issue.record("\(what) was taken")
                } catch KeyError.invalid {}
            }
            #expect(try await scene.version(of: ann) == KeysVersion(2))
        }
    }

    @Test("A device belongs to the login that published first, until that has gone", arguments: KeyScene.kinds)
    func owner(_ kind: BackendKind) async throws {
        var limits = InboxLimits()
        limits.devices = 2
        try await KeyScene.run(kind, limits: limits) { scene in
            let ann = try await scene.person("ann")
            scene.time.advance(by: .hours(1))
            let other = try await scene.session("ann", of: ann.id)
            let next = try ann.phone.keys(created: scene.time.now)
            await #expect(throws: KeyError.foreignDevice) { try await scene.directory.publish(next, by: other) }
            scene.time.advance(by: .hours(1))
            // One login too many: the first goes.
            _ = try await scene.session("ann", of: ann.id)
            #expect(try await scene.directory.publish(next, by: other).keysVersion == KeysVersion(3))
        }
    }

    @Test("A message goes only to the keys that it was sealed to, and a 409 is not remembered", arguments: KeyScene.kinds)
    func staleKeys(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let (ann, bob) = (try await scene.person("ann"), try await scene.person("bob"))
            let current = try await scene.version(of: ann)
            let stale = StaleKeys(receiverID: ann.id, keysVersion: current)
            for version in [KeysVersion.zero, KeysVersion(current.rawValue - 1), current.next] {
                #expect(try await scene.send(from: bob, to: [(ann, version)], key: "k") == .staleKeys([stale]))
            }
            #expect(try await scene.send(from: bob, to: [(bob, current), (ann, KeysVersion.zero.next)]) == .staleKeys([stale]))
            #expect(try await scene.store.heads(of: [ann.id, bob.id]) == [ann.id: .zero, bob.id: .zero])

            #expect(try await scene.send(from: bob, to: [(ann, current), (bob, nil)], key: "k") == .accepted(receivers: 2))
            scene.time.advance(by: .hours(1))
            _ = try await scene.directory.publish(try ann.phone.keys(created: scene.time.now), by: ann.session)
            // What was accepted stays so, whatever the keys are now.
            #expect(try await scene.send(from: bob, to: [(ann, current), (bob, nil)], key: "k") == .repeated(receivers: 2))
            let plain = try await scene.session("plain")
            #expect(
                try await scene.send(from: bob, to: [(.init(session: plain, account: bob.account, devices: []), current)])
                    == .staleKeys([StaleKeys(receiverID: plain.user, keysVersion: .zero)]))
        }
    }

    @Test("A note is written once, read by its user, and gone after ten minutes", arguments: KeyScene.kinds)
    func notes(_ kind: BackendKind) async throws {
        try await KeyScene.run(kind) { scene in
            let (ann, bob) = (try await scene.session("ann"), try await scene.session("bob"))
            func id(_ number: Int) -> Base64Bytes { Base64Bytes(Array(repeating: UInt8(number), count: 32)) }
            let data = Base64Bytes([1, 2, 3])
            for number in 0..<8 { try await scene.directory.keep(LinkNoteRequest(id: id(number), data: data), by: ann) }
            try await scene.directory.keep(LinkNoteRequest(id: id(0), data: data), by: ann)
            await #expect(throws: KeyError.noteTaken) {
                try await scene.directory.keep(LinkNoteRequest(id: id(0), data: Base64Bytes([])), by: ann)
            }
            await #expect(throws: KeyError.tooManyNotes) {
                try await scene.directory.keep(LinkNoteRequest(id: id(9), data: data), by: ann)
            }
            #expect(try await scene.directory.linkNote(id(0), for: ann).data == data)
            await #expect(throws: KeyError.noSuchNote) { try await scene.directory.linkNote(id(0), for: bob) }
            scene.time.advance(by: .minutes(10))
            await #expect(throws: KeyError.noSuchNote) { try await scene.directory.linkNote(id(0), for: ann) }
            try await scene.directory.keep(LinkNoteRequest(id: id(9), data: data), by: ann)
        }
    }
}
