import Foundation
import KeyLog
import MessengerAPI

@testable import MessengerCrypto

extension VectorFile {
    /// A new device of each suite, as `linking.json` describes it; what is sealed to it is made anew each time.
    struct Linking {
        let suite: KEMSuite
        let deviceSeed: SecretBytes
        let linkKey: KEMPrivateKey
        let bundle: LinkBundle
        let code: LinkCode
        let account: AccountID
        let history: LinkHistory

        static let firstSeq: UInt32 = 7

        static func all() throws -> [Linking] {
            var world = try TestWorld()
            let ann = try world.account("ann", [.xWing])
            return try [KEMSuite.xWing, .x25519].map { try Linking($0, in: world, account: ann.id) }
        }

        private init(_ suite: KEMSuite, in world: TestWorld, account: AccountID) throws {
            let name = "new \(suite)"
            guard let linkKey = KEMPrivateKey(suite: suite, seed: TestWorld.seed("link " + name)) else {
                throw CocoaError(.featureUnsupported)
            }
            let bundle = LinkBundle(
                deviceKey: try TestWorld.signingKey(name).publicKey, suite: suite, flags: suite == .x25519 ? .web : [],
                linkKey: linkKey, name: "Ann's tablet é")
            var bytes: [UInt8] = [1]
            bytes.append(world.server)
            bytes += bundle.hash + TestWorld.seed("link secret " + name).exposed
            bytes.append(bigEndian: TestWorld.now + LinkCode.lifetime)
            let blobs = ["one", "two"].map { TestWorld.seed("blob " + $0).exposed }
            guard let code = LinkCode(bytes),
                let history = LinkHistory(key: TestWorld.seed("history"), size: 5_000_000, blobs: blobs)
            else { throw CocoaError(.featureUnsupported) }
            (self.suite, self.linkKey, self.bundle, self.code, self.account) = (suite, linkKey, bundle, code, account)
            self.history = history
            deviceSeed = TestWorld.seed("signing " + name)
        }

        /// Everything without chance in it.
        var fields: Object {
            [
                "kem": suite.rawValue, "flags": bundle.flags.rawValue, "device_seed": deviceSeed.hex,
                "link_seed": linkKey.seed.hex,
                "name": bundle.name, "bundle": bundle.bytes.hex, "bundle_hash": bundle.hash.hex, "secret": code.secret.hex,
                "expires": code.expires, "code": code.bytes.hex, "code_text": "messenger-link:" + Base64URL.text(code.bytes),
                "bundle_id": code.bundleID.hex, "answer_id": code.answerID.hex, "history_id": code.historyID.hex,
                "account": account.hex, "first_seq": Self.firstSeq, "history_key": history.key.hex, "history_size": history.size,
                "history_blobs": history.blobs.map(\.hex),
                "stream_context": ChunkedPurpose.history(server: code.server, account: account, bundle: code.bundleHash).context
                    .hex,
            ]
        }

        func sealed() throws -> Object {
            var fields = fields
            fields["answer"] = try LinkAnswer(account: account, firstSeq: Self.firstSeq).sealed(for: bundle, code: code).hex
            fields["history"] = try history.sealed(for: bundle, code: code).hex
            return fields
        }
    }

    static func linking() throws -> VectorFile {
        let cases = try Linking.all()
        return VectorFile(
            name: "linking.json", content: ["server": try TestWorld().server.hex, "cases": try cases.map { try $0.sealed() }])
    }
}
