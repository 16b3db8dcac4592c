import Foundation
import KeyLog
import MessengerAPI
import Synchronization
import Testing

@testable import MessengerClient
@testable import MessengerCrypto

/// Ann writes to Bob, who has a phone and a tablet, through a server that lies about devices, keys, the log, or the message.
@Suite("What a server is caught at that lies about devices and order", .timeLimit(.minutes(2)))
struct HostileDirectoryTests {
    private let world: TestWorld
    private let ann: Messenger
    private let bob: Messenger
    private let tablet: Messenger

    init() async throws {
        world = try TestWorld()
        ann = try await world.register("ann").messenger
        let registration = try await world.register("bob")
        bob = registration.messenger
        tablet = try await world.logIn("bob", device: "tablet", recovery: registration.recoverySecret)
    }

    /// What Ann is told of the directory is changed; Bob is not told otherwise.
    private func change(_ change: @escaping @Sendable (KeysResponse) -> KeysResponse) {
        world.server.set { hooks in
            hooks.tamper = { request, response in
                guard request.path.hasPrefix("/api/keys/?"), response.status == 200,
                    let keys = try? JSONDecoder().decode(KeysResponse.self, from: Data(response.body)), keys.username == "bob"
                else { return response }
                return ServerDoubleState.ok(change(keys))
            }
        }
    }

    private func inbox(of person: Messenger) -> [DeliveredMessage] {
        world.server.state.withLock { $0.users[person.userID]?.inbox ?? [] }
    }

    @Test("An old device list is not the one in the log")
    func oldList() async throws {
        change {
            KeysResponse(
                userID: $0.userID, username: $0.username, keysVersion: $0.keysVersion, states: $0.states.dropLast(),
                certificates: Array($0.certificates.prefix(1)), devices: Array($0.devices.prefix(1)))
        }
        await #expect(throws: MessengerError.directory("bob", .notInLog)) { try await ann.send("Secret", to: "bob") }
        #expect(inbox(of: bob).isEmpty)
    }

    @Test("A device whose certificate is held back is missed")
    func hiddenDevice() async throws {
        change {
            KeysResponse(
                userID: $0.userID, username: $0.username, keysVersion: $0.keysVersion, states: $0.states,
                certificates: $0.certificates.dropLast(), devices: $0.devices.dropLast())
        }
        await #expect(throws: MessengerError.directory("bob", .certificateMissing)) { try await ann.send("Secret", to: "bob") }
        #expect(inbox(of: bob).isEmpty)
    }

    @Test("A device whose key is held back is skipped: its sender is told, and so are the other devices")
    func hiddenKey() async throws {
        let hidden = try #require(await tablet.devices().first { $0.isThisDevice }).fingerprint
        world.server.set { hooks in
            hooks.tamper = { request, response in
                guard request.path == "/api/keys/claim/",
                    let claimed = try? JSONDecoder().decode(ClaimKeysResponse.self, from: Data(response.body))
                else { return response }
                return ServerDoubleState.ok(
                    ClaimKeysResponse(keysVersion: claimed.keysVersion, keys: claimed.keys.filter { $0.device.bytes != hidden.bytes }))
            }
        }
        let sent = try await ann.send("To both", to: "bob")
        #expect(sent.skippedDevices.map(\.device) == [hidden])
        _ = try await bob.receive()
        #expect(try await bob.unacknowledged().map(\.findings) == [[.deviceList]])
        _ = try await tablet.receive()
        #expect(try await tablet.texts().isEmpty)
    }

    @Test("A device of somebody else's is in no list that its owner signed")
    func addedDevice() async throws {
        let eve = try await world.register("eve").messenger
        let foreign = world.server.state.withLock { state in
            state.users[eve.userID]?.certificates.map { Base64Bytes($0.bytes) } ?? []
        }
        change {
            KeysResponse(
                userID: $0.userID, username: $0.username, keysVersion: $0.keysVersion, states: $0.states,
                certificates: $0.certificates + foreign, devices: $0.devices)
        }
        await #expect(throws: MessengerError.directory("bob", .wrongCertificate)) { try await ann.send("Secret", to: "bob") }
        #expect(inbox(of: bob).isEmpty)
    }

    @Test("Nobody seals to an older rotating key than he has seen named")
    func oldKey() async throws {
        let phone = try #require(await bob.devices().first { $0.isThisDevice }).fingerprint
        let old = try #require(world.server.state.withLock { $0.users[bob.userID]?.keys[phone]?.rotating })
        world.time.jump(by: .seconds(25 * 3600))
        _ = try await bob.receive()
        _ = try await bob.send("With my new key", to: "ann")
        _ = try await ann.receive()
        world.server.set { hooks in
            hooks.tamper = { request, response in
                guard request.path == "/api/keys/claim/",
                    let claimed = try? JSONDecoder().decode(ClaimKeysResponse.self, from: Data(response.body))
                else { return response }
                let keys = claimed.keys.map {
                    $0.device.bytes == phone.bytes ? .init(device: $0.device, record: Base64Bytes(old.bytes)) : $0
                }
                return ServerDoubleState.ok(ClaimKeysResponse(keysVersion: claimed.keysVersion, keys: keys))
            }
        }
        _ = try await ann.send("Secret", to: "bob")
        let sealed = try inbox(of: bob).map { try Envelope(#require(EnvelopeText.envelope($0.message))) }
        #expect(!sealed.isEmpty)
        #expect(!sealed.flatMap(\.slots).contains { $0.keyID == KeyID(of: old.object) })
    }

    @Test("Two logs are found as soon as a message crosses from one to the other")
    func splitLog() async throws {
        let annsID = ann.userID
        // From here on Ann is shown another log than Bob, with as many entries.
        let fork = Mutex(world.server.state.withLock { $0 })
        fork.withLock { $0.append(LogRecord(type: .webRelease, name: .zero, account: .zero, seq: 1, hash: .zero, time: 1)) }
        world.server.state.withLock {
            $0.append(LogRecord(type: .webRelease, name: .zero, account: .zero, seq: 1, hash: .zero, time: 2))
        }
        let (server, time) = (world.server, world.time)
        world.server.set { hooks in
            hooks.tamper = { request, response in
                guard request.path.hasPrefix("/api/log/"), server.state.withLock({ $0.user(of: request) }) == annsID else {
                    return response
                }
                return fork.withLock { $0.answer(request, now: UInt64(time.now.rawValue)) }
            }
        }
        world.time.jump(by: .seconds(61))
        #expect(try await ann.send("From the other log", to: "bob").delivery != .waiting)
        _ = try await bob.receive()
        #expect(try await bob.unacknowledged().map(\.findings) == [[.log]])
    }

    @Test("A slot that was taken out is missed by its device, and by the other one")
    func strippedSlot() async throws {
        _ = try await ann.send("To both", to: "bob")
        let phone = try #require(await bob.devices().first { $0.isThisDevice }).fingerprint
        try world.server.state.withLock { state in
            let whole = try #require(state.users[bob.userID]?.inbox.first)
            let envelope = try Envelope(#require(EnvelopeText.envelope(whole.message)))
            let head = Envelope.head(
                paddedSize: envelope.body.count - Envelope.tagSize, commitment: envelope.commitment,
                slots: envelope.slots.filter { $0.device == phone })
            let sender = try #require(state.users[ann.userID])
            state.users[bob.userID]?.inbox = []
            state.deliver(EnvelopeText.text(head + envelope.body), from: sender, to: bob.userID)
        }
        _ = try await bob.receive()
        _ = try await tablet.receive()
        #expect(try await bob.unacknowledged().map(\.findings) == [[.body]])
        #expect(try await tablet.texts().isEmpty)
    }

    @Test("Messages out of order show a gap that closes, and lose nothing")
    func reordered() async throws {
        for text in ["one", "two", "three"] { _ = try await ann.send(text, to: "bob") }
        world.server.state.withLock { state in
            guard let sender = state.users[ann.userID], let inbox = state.users[bob.userID]?.inbox else { return }
            state.users[bob.userID]?.inbox = []
            for index in [0, 2, 1] { state.deliver(inbox[index].message, from: sender, to: bob.userID) }
        }
        _ = try await bob.receive()
        let received = try await bob.unacknowledged()
        #expect(received.map(\.text) == ["one", "three", "two"])
        #expect(received.map(\.findings) == [[], [.gap], []])
    }
}
