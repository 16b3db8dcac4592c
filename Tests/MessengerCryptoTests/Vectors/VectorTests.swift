import Foundation
import KeyLog
import TestSupport
import Testing

@testable import MessengerCrypto

/// The project's own vectors, in `docs/vectors`. With `WRITE_VECTORS=1` they are written anew instead of compared.
@Suite("The vectors of the protocol", .serialized, .timeLimit(.minutes(2)))
struct VectorTests {
    private static let isWriting = ProcessInfo.processInfo.environment["WRITE_VECTORS"] == "1"

    private struct EnvelopeFile: Decodable {
        struct Case: Decodable {
            struct Expectation: Decodable {
                let code: String?
                let hash: String?
                let to_seq: UInt32?
                let findings: [String]?
            }
            let name: String
            let envelope: String
            let expect: Expectation
        }
        let cases: [Case]
    }

    private static func fixed() throws -> [VectorFile] {
        [
            try .identifiers(), try .objects(), try .checks(), try .log(), try .recovery(), try .chunked(), try .groups(),
        ]
    }

    @Test("Everything without chance in it comes out as it is written down")
    func fixedFiles() throws {
        for file in try Self.fixed() {
            if Self.isWriting { try file.write(to: VectorFile.folder) }
            #expect(try VectorFile.read(file.name) == file.text(), "\(file.name)")
        }
    }

    @Test("The envelopes that are written down open, or are refused with their codes")
    func envelopes() throws {
        let scene = try EnvelopeScene()
        if Self.isWriting { try VectorFile.envelopes(scene).write(to: VectorFile.folder) }
        let file = try JSONDecoder().decode(EnvelopeFile.self, from: Data(VectorFile.read("envelopes.json").utf8))
        #expect(file.cases.map(\.name) == scene.cases.map(\.name))
        let chain = try scene.world.chain(scene.ann)
        for (written, test) in zip(file.cases, scene.cases) {
            let envelope = try #require(EnvelopeText.envelope(written.envelope))
            let own = try scene.world.chain(test.isToAnn ? scene.ann : scene.bob)
            let stored = EnvelopeScene.Case(
                name: test.name, envelope: envelope, isToAnn: test.isToAnn, device: test.device,
                isClaimedFromBob: test.isClaimedFromBob, hasKey: test.hasKey, suite: test.suite)
            switch scene.outcome(stored, chain: chain, own: own) {
            case .refused(let code):
                #expect(code == written.expect.code, "\(test.name)")
                #expect(test.name.hasPrefix(code), "\(test.name)")
            case .opened(let hash, let toSeq, let findings):
                #expect(hash == written.expect.hash && toSeq == written.expect.to_seq, "\(test.name)")
                #expect(findings == written.expect.findings, "\(test.name)")
                #expect(findings.allSatisfy { test.name.hasPrefix($0) }, "\(test.name)")
            }
        }
    }

    private struct LinkFile: Decodable {
        struct Case: Decodable {
            let answer, history: String
        }
        let cases: [Case]
    }

    @Test("Links that are written down come out of their seeds, and what is sealed to the new device opens for its purpose alone")
    func linking() throws {
        if Self.isWriting { try VectorFile.linking().write(to: VectorFile.folder) }
        let text = try VectorFile.read("linking.json")
        let file = try JSONDecoder().decode(LinkFile.self, from: Data(text.utf8))
        let all = try VectorFile.Linking.all()
        #expect(file.cases.count == all.count)
        for (written, link) in zip(file.cases, all) {
            let answer = LinkAnswer(sealed: hex(written.answer), linkKey: link.linkKey, code: link.code)
            #expect(answer == LinkAnswer(account: link.account, firstSeq: VectorFile.Linking.firstSeq))
            let history = LinkHistory(sealed: hex(written.history), linkKey: link.linkKey, code: link.code)
            #expect(history?.blobs == link.history.blobs && history?.size == link.history.size)
            #expect(LinkAnswer(sealed: hex(written.history), linkKey: link.linkKey, code: link.code) == nil)
            #expect(LinkHistory(sealed: hex(written.answer), linkKey: link.linkKey, code: link.code) == nil)
        }
        let sealed = file.cases.map { ["answer": $0.answer, "history": $0.history] }
        let again = VectorFile(
            name: "linking.json",
            content: [
                "server": try TestWorld().server.hex,
                "cases": zip(all, sealed).map { link, sealed in link.fields.merging(sealed) { $1 } },
            ])
        #expect(try again.text() == text)
    }

    @Test("The other implementation agrees with every vector")
    func pythonAgrees() async throws {
        let said = try await PythonClient.run([VectorFile.folder.path])
        #expect(said.contains("values agree"))
    }

    @Test("The other implementation opens what was sealed just now, and refuses what was bent")
    func pythonOpens() async throws {
        let folder = try TemporaryFolder()
        for file in try Self.fixed() + [.envelopes(EnvelopeScene()), .linking()] { try file.write(to: folder.url) }
        #expect(try await PythonClient.run([folder.path]).contains("values agree"))
    }

    @Test("What the other implementation seals is opened")
    func pythonSeals() async throws {
        let scene = try EnvelopeScene()
        var world = scene.world
        let many = try world.account("many", (0..<16).map { $0.isMultiple(of: 3) ? .x25519 : .xWing })
        let chain = try world.chain(scene.ann)
        let message = try world.message(from: scene.ann, to: .direct(scene.ann.id, many.id))
        let counts = [1, 2, 16]
        let requests = counts.map { count -> VectorFile.Object in
            [
                "signer_seed": scene.ann.phone.key.seed.hex, "account": many.id.hex, "seq": many.seq,
                "message": message.bytes.hex,
                "keys": many.devices.prefix(count).map { device in
                    [
                        "device": device.fingerprint.hex, "key_id": device.keyID.hex, "kem": device.suite.rawValue,
                        "public_key": device.rotating.publicKey.hex,
                    ] as VectorFile.Object
                },
            ]
        }
        let folder = try TemporaryFolder()
        try VectorFile(name: "seal.json", content: ["server": world.server.hex, "seal": requests]).write(to: folder.url)
        let lines = try await PythonClient.run(["seal", folder.path + "/seal.json"]).split(separator: "\n").map(String.init)
        #expect(lines.count == counts.count)
        for (line, count) in zip(lines, counts) {
            let envelope = try #require(EnvelopeText.envelope(line))
            for device in many.devices.prefix(count) {
                let opened = try device.opener(in: world).open(
                    envelope, claimedSender: scene.ann.id, own: world.chain(many), privateKey: device.privateKey
                ) { _ in chain }
                #expect(opened.message == message)
                #expect(opened.findings == (count == 16 ? [] : [.deviceList]))
            }
        }
    }
}
