import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCrypto
import TestSupport
import Testing

@testable import MessengerClient

@Suite("What a store shows to whoever takes it", .timeLimit(.minutes(2)))
struct StoreSecrecyTests {
    private static func files(in folder: String) throws -> [(name: String, bytes: Data)] {
        try FileManager.default.contentsOfDirectory(atPath: folder).map {
            ($0, try Data(contentsOf: URL(filePath: folder + "/" + $0)))
        }
    }

    @Test("Neither texts nor private keys stand in any file")
    func encrypted() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("A needle in the hay", to: "bob")
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["A needle in the hay"])
        let seed = ann.parts.profile.deviceKey.seed.exposed
        for person in ["ann", "bob"] {
            for file in try Self.files(in: world.location(person).folder) {
                #expect(file.bytes.firstRange(of: Data("A needle in".utf8)) == nil, "\(file.name)")
                #expect(file.bytes.firstRange(of: Data(seed)) == nil, "\(file.name)")
            }
        }
    }

    @Test("Once a message is stored, its one-time key is in no file any more, not even encrypted")
    func forwardSecrecy() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        _ = try await ann.send("Read and forget", to: "bob")
        let bobID = bob.userID
        let text = try #require(world.server.state.withLock { $0.users[bobID]?.inbox.first?.message })
        let envelope = try #require(EnvelopeText.envelope(text))
        let opener = EnvelopeOpener(
            server: try await bob.log.server(), account: try bob.parts.profile.certifiedAccount(),
            device: try bob.parts.profile.fingerprint(), suite: .xWing)
        let id = try opener.keyID(of: envelope)
        let sealedSeed = try await bob.parts.store.read { db in
            try Data.fetchOne(db, sql: "SELECT seed FROM private_key WHERE id = ? AND kind = 2", arguments: [Data(id.bytes)])
        }
        let seed = try #require(sealedSeed)
        let folder = world.location("bob").folder
        #expect(try Self.files(in: folder).contains { $0.bytes.firstRange(of: seed) != nil })
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["Read and forget"])
        for file in try Self.files(in: folder) { #expect(file.bytes.firstRange(of: seed) == nil, "\(file.name)") }
        #expect(try await bob.parts.store.privateKey(id, suite: .xWing) == nil)
    }

    @Test("A rotating key goes once its successor is published and all that came before is stored")
    func rotation() async throws {
        let world = try TestWorld()
        let (ann, bob) = try await world.annAndBob()
        let old = try await bob.keys.newest()
        world.time.jump(by: .seconds(24 * 3600))
        _ = try await bob.receive()
        #expect(try await bob.keys.newest() != old)
        _ = try await bob.receive()
        #expect(try await bob.parts.store.privateKey(old.id, suite: .xWing) == nil)
        _ = try await ann.send("To the new key", to: "bob")
        _ = try await bob.receive()
        #expect(try await bob.texts() == ["To the new key"])
    }

    @Test("Folder and files are their owner's alone")
    func permissions() async throws {
        let world = try TestWorld()
        _ = try await world.register("ann")
        let folder = world.location("ann").folder
        func mode(_ path: String) throws -> Int? {
            (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
        }
        #expect(try mode(folder) == 0o700)
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            #expect(try mode(folder + "/" + file) == 0o600, "\(file)")
        }
    }

    @Test("A passphrase opens its store, another one or none does not, and two programs cannot share it")
    func passphrase() throws {
        let folder = try TemporaryFolder()
        let location = StoreLocation(folder: folder.path + "/store", passphrase: "Füße")
        var store: LocalStore? = try LocalStore.create(at: location)
        #expect(throws: MessengerError.storeInUse) { try LocalStore.open(location) }
        #expect(throws: MessengerError.storeExists) { try LocalStore.create(at: location) }
        try store?.close()
        store = nil
        for wrong in ["Fuesse", nil] {
            #expect(throws: MessengerError.storeLocked) {
                try LocalStore.open(StoreLocation(folder: location.folder, passphrase: wrong))
            }
        }
        // The same letters, composed otherwise.
        let decomposed = StoreLocation(folder: location.folder, passphrase: "Fu\u{308}ße")
        try LocalStore.open(decomposed).close()
        #expect(throws: MessengerError.noStore) { try LocalStore.open(StoreLocation(folder: folder.path)) }
    }

    @Test("No secret is in a description or a dump")
    func descriptions() async throws {
        let world = try TestWorld()
        let registration = try await world.register("ann")
        let ann = registration.messenger
        _ = try await ann.send("A needle in the hay", to: "ann")
        let item = try #require(try await ann.history(with: "ann").first)
        var dumped = ""
        for value in [item, registration.recoverySecret, ann.parts.profile.current, world.location("x", passphrase: "needle")]
            as [Any]
        {
            dump(value, to: &dumped)
            dumped += "\(value)" + String(reflecting: value)
        }
        let seed = ann.parts.profile.current.deviceSeed.base64EncodedString()
        for secret in ["needle", registration.recoverySecret.text, seed] { #expect(!dumped.contains(secret)) }
    }
}
