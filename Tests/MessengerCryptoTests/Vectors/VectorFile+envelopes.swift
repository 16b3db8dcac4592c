import KeyLog

@testable import MessengerCrypto

extension VectorFile {
    /// Sealing draws random bytes, so this file is another one at each writing.
    static func envelopes(_ scene: EnvelopeScene) throws -> VectorFile {
        let chains = try [scene.ann, scene.bob].map { try scene.world.chain($0) }
        let cases = scene.cases.map { test in
            var object: Object = [
                "name": test.name, "envelope": EnvelopeText.text(test.envelope), "to": test.isToAnn ? "ann" : "bob",
                "device": (test.isToAnn ? scene.ann : scene.bob).devices[test.device].fingerprint.hex,
                "claimed_sender": test.isClaimedFromBob ? "bob" : "ann",
            ]
            if !test.hasKey { object["without_key"] = true }
            if let suite = test.suite { object["kem"] = suite.rawValue }
            switch scene.outcome(test, chain: chains[0], own: chains[test.isToAnn ? 0 : 1]) {
            case .refused(let code): object["expect"] = ["code": code]
            case .opened(let hash, let toSeq, let findings):
                object["expect"] = ["hash": hash, "to_seq": toSeq, "findings": findings] as Object
            }
            return object
        }
        return VectorFile(
            name: "envelopes.json",
            content: [
                "server": scene.world.server.hex, "cases": cases,
                "accounts": [
                    "ann": account(scene.ann, chains[0], removed: [scene.lost]),
                    "bob": account(scene.bob, chains[1], removed: []),
                ],
            ])
    }

    private static func account(_ account: TestAccount, _ chain: AccountChain, removed: [TestDevice]) -> Object {
        let states = (1...chain.seq).map { seq in
            (String(seq), (chain.devices(at: seq) ?? []).map(\.hex).sorted())
        }
        return [
            "account": account.id.hex, "seq": account.seq, "states": Dictionary(uniqueKeysWithValues: states),
            "devices": (account.devices + removed).map { device in
                [
                    "device": device.fingerprint.hex, "public_key": device.key.publicKey.hex, "kem": device.suite.rawValue,
                    "key_id": device.keyID.hex, "key_seed": device.rotating.seed.hex,
                    "standing": chain.standing(of: device.fingerprint) == .current ? "current" : "revoked",
                ] as Object
            },
        ]
    }
}
