import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto
import Synchronization
import TestSupport
import Testing

@testable import MessengerClient
@testable import MessengerCrypto

/// The people of a seeded history and their devices, which come and go, and what the network and the server do to them. Every key
/// that a device ever had is remembered, and everything that was sealed.
struct SimulatedDevices {
    /// Revoked ones too: they go on.
    private(set) var open: [String: Messenger] = [:]
    private(set) var owners: [String: String] = [:]
    private(set) var crashes: [String: CrashSwitch] = [:]
    private(set) var isReordered = false
    var random: SeededRandom

    let world: TestWorld
    private let tap = Wiretap()
    private let weather: Weather
    private var secrets: [String: RecoverySecret] = [:]
    private var keys: [String: [KeyID: KEMPrivateKey]] = [:]
    private static let mostDevices = 4

    /// What goes wrong outside the devices, while it is on.
    private final class Weather: Sendable {
        struct State: Sendable {
            var isOn = false
            var random: SeededRandom
            var answers: [String: [KeysResponse]] = [:]
            var stale: Set<String> = []
        }
        let state: Mutex<State>
        init(_ random: SeededRandom) { state = Mutex(State(random: random)) }
    }

    /// - Parameter lossy: one request in so many is lost, or its answer.
    init(random: SeededRandom, weather seed: SeededRandom, lossy: Int) throws {
        world = try TestWorld()
        self.random = random
        let weather = Weather(seed)
        self.weather = weather
        world.server.set { hooks in
            hooks.fault = { _ in
                weather.state.withLock { state in
                    guard state.isOn, state.random.oneIn(lossy) else { return .none }
                    return state.random.oneIn(2) ? .loseAnswer : .loseRequest
                }
            }
            hooks.tamper = { request, response in
                guard request.method == "GET", request.path.hasPrefix("/api/keys/?"), response.status == 200 else { return response }
                return weather.state.withLock { Self.stale(response, of: request.path, &$0) }
            }
        }
    }

    /// A cache between client and server may give out keys, with their version, as they once were; not twice in a row. Not without a
    /// device that there is by now: a sender who gets no key for any other device of his own makes no copy for them.
    private static func stale(_ response: APIResponse, of path: String, _ state: inout Weather.State) -> APIResponse {
        guard let answer = try? JSONDecoder().decode(KeysResponse.self, from: Data(response.body)) else { return response }
        let devices = Self.devices(answer)
        guard state.isOn, !state.stale.contains(path), state.random.oneIn(6),
            let old = state.answers[path]?.filter({ devices.isSubset(of: Self.devices($0)) }).randomElement(using: &state.random)
        else {
            state.stale.remove(path)
            state.answers[path, default: []].append(answer)
            return response
        }
        state.stale.insert(path)
        return ServerDoubleState.ok(
            KeysResponse(
                userID: answer.userID, username: answer.username, keysVersion: old.keysVersion, states: answer.states,
                certificates: answer.certificates, devices: old.devices))
    }

    /// Those with a key.
    private static func devices(_ answer: KeysResponse) -> Set<[UInt8]> {
        Set(answer.devices.compactMap { $0.rotating == nil ? nil : Array($0.device.bytes) })
    }

    func setWeather(_ isOn: Bool) { weather.state.withLock { $0.isOn = isOn } }

    mutating func register(_ owner: String) async throws {
        let registration = try await world.register(owner)
        secrets[owner] = registration.recoverySecret
        try await take(registration.messenger, as: owner, of: owner)
    }

    private mutating func take(_ device: Messenger, as name: String, of owner: String) async throws {
        owners[name] = owner
        // Within a minute the log is not looked at again, and who believes to be the only device makes no copy for this one.
        world.time.jump(by: .seconds(61))
        open[name] = device
        try await begin(name)
    }

    /// Closes a device and opens its store as a client that may crash.
    mutating func begin(_ name: String) async throws {
        try await rememberKeys(of: name)
        await open[name]?.close()
        let crash = CrashSwitch()
        crashes[name] = crash
        var configuration = world.configuration
        let (server, tap) = (world.server, tap)
        configuration.beforeWrite = { try crash.step() }
        configuration.makeTransport = { _ in
            TappedTransport(way: CrashingTransport(way: server, crash: crash), tap: tap, name: name)
        }
        let device = try await Messenger.open(world.location(name), configuration: configuration)
        tap.watch(device, as: name)
        open[name] = device
    }

    mutating func rememberKeys(of name: String) async throws {
        guard let device = open[name] else { return }
        for id in try await device.parts.store.heldKeys().map(\.id) where keys[name]?[id] == nil {
            keys[name, default: [:]][id] = try await device.parts.store.privateKey(id, suite: .xWing)
        }
    }

    // MARK: Devices come and go

    /// Another device of somebody, by the recovery secret or by linking. Meanwhile nothing goes wrong.
    mutating func link(_ owner: String) async throws {
        let certified = try await certified(of: owner)
        guard certified.count < Self.mostDevices else { return }
        let name = "\(owner)\(owners.values.count { $0 == owner } + 1)"
        let isOn = weather.state.withLock { $0.isOn }
        setWeather(false)
        defer { setWeather(isOn) }
        if random.oneIn(2) {
            let device = try await world.logIn(owner, device: name, recovery: secrets[owner])
            return try await take(device, as: name, of: owner)
        }
        guard let old = certified.randomElement(using: &random).flatMap({ open[$0] }) else { return }
        let device = try await world.logIn(owner, device: name)
        do {
            let request = try await old.linkRequest(try await device.beginLinking(deviceName: name).text)
            try await world.approve(request, by: old)
            _ = try await device.finishLinking()
        } catch is MessengerError {
            // It has no account key, or something to publish that another device was faster than.
        }
        guard try await device.standing == .certified else { return await device.close() }
        try await take(device, as: name, of: owner)
    }

    /// One device takes out another one of the same account, if it can.
    mutating func revoke(by name: String) async throws {
        guard let device = open[name], let owner = owners[name] else { return }
        let others = try await certified(of: owner).filter { $0 != name }
        guard try await isCertified(name), let other = others.randomElement(using: &random).flatMap({ open[$0] }) else { return }
        try? await device.revoke(try other.parts.profile.fingerprint())
    }

    /// Those that the server has as current ones, in the order of their names.
    func certified(of owner: String) async throws -> [String] {
        let user = world.server.state.withLock { $0.users.values.first { $0.name == owner } }
        return try owners.filter { $0.value == owner }.keys.sorted().filter { name in
            try open[name].map { user?.devices.contains(try $0.parts.profile.fingerprint()) == true } ?? false
        }
    }

    func isCertified(_ name: String) async throws -> Bool { try await certified(of: owners[name] ?? "").contains(name) }

    // MARK: What the server does

    /// Delivers an old message once more.
    mutating func repeatDelivery() {
        let users = world.server.state.withLock { $0.users }
        guard let user = users.values.sorted(by: { $0.id < $1.id }).randomElement(using: &random),
            let old = user.inbox.randomElement(using: &random), let sender = users[old.senderID]
        else { return }
        world.server.state.withLock { $0.deliver(old.message, from: sender, to: user.id) }
    }

    /// Messages that no device has fetched change places, but for keys that were made anew between them.
    mutating func reorder() async throws {
        for (name, owner) in owners.sorted(by: { $0.key < $1.key }) where name == owner {
            var fixed = MessageNumber.zero
            for other in owners.filter({ $0.value == owner }).keys {
                if let device = open[other] { fixed = max(fixed, try await device.parts.store.storedThrough()) }
            }
            let isChanged = world.server.state.withLock { state in
                guard let user = state.users.values.first(where: { $0.name == owner }) else { return false }
                fixed = user.keys.values.map(\.sealedThrough).reduce(fixed) { max($0, $1) }
                let waiting = user.inbox.filter { $0.messageID > fixed }
                let shuffled = zip(waiting, waiting.shuffled(using: &random)).map { place, message in
                    DeliveredMessage(
                        messageID: place.messageID, senderID: message.senderID, senderUsername: message.senderUsername,
                        receiverID: message.receiverID, message: message.message, sendDate: message.sendDate)
                }
                state.users[user.id]?.inbox = user.inbox.filter { $0.messageID <= fixed } + shuffled
                return waiting.count > 1
            }
            isReordered = isReordered || isChanged
        }
    }

    // MARK: Judging

    /// Nothing that was sealed by somebody who knew of a revocation has a slot for the revoked device, or one that any key opens that
    /// it ever had. How many envelopes this was looked at for.
    func checkRevocations(_ comment: Comment) async throws -> Int {
        var count = 0
        let server = try await open["ann"]?.log.server() ?? .zero
        for (name, device) in open where try await !isCertified(name) {
            let account = try device.parts.profile.certifiedAccount()
            let fingerprint = try device.parts.profile.fingerprint()
            let seq = try #require(removal(of: fingerprint, from: account))
            let opener = EnvelopeOpener(server: server, account: account, device: fingerprint, suite: .xWing)
            let held = keys[name] ?? [:]
            let rotating = try await device.parts.store.heldKeys().filter { $0.kind == .rotating }.compactMap { held[$0.id] }
            #expect(held.count > 100, comment)
            for sealed in tap.sealed where sealed.receiver == device.userID {
                guard let known = sealed.view.entry(for: account), known.seq >= seq else { continue }
                count += 1
                #expect(throws: EnvelopeCheck.noSlot, "\(comment): \(name) by \(sealed.sender)") {
                    try opener.unseal(sealed.envelope) { held[$0] }
                }
                for slot in try Envelope(sealed.envelope).slots {
                    #expect(held[slot.keyID] == nil, comment)
                    let info = EnvelopeSlot.info(
                        server: server, account: account, device: slot.device, keyID: slot.keyID,
                        commitment: try Envelope(sealed.envelope).commitment)
                    for key in rotating { #expect(key.open(slot.sealed, info: info) == nil, comment) }
                }
            }
        }
        return count
    }

    /// The first state without it.
    private func removal(of device: DeviceFingerprint, from account: AccountID) -> UInt32? {
        let users = world.server.state.withLock { Array($0.users.values) }
        guard let user = users.first(where: { $0.states.first?.object.account == account }),
            let certificate = user.certificates.first(where: { $0.object.device == device })
        else { return nil }
        let hash = CertificateHash(of: certificate.object)
        return user.states.map(\.object).first { $0.seq >= certificate.object.firstSeq && !$0.certificates.contains(hash) }?.seq
    }

    func close() async { for device in open.values { await device.close() } }
}
