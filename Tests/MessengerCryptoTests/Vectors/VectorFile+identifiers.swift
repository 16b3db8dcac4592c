import KeyLog

@testable import MessengerCrypto

extension VectorFile {
    static func identifiers() throws -> VectorFile {
        var world = try TestWorld()
        let accounts = [try world.account("ann", [.xWing, .x25519]), try world.account("bob", [.xWing])]
        let (ann, bob) = (accounts[0].id, accounts[1].id)
        let pairs = [(ann, bob), (bob, ann), (ann, ann)]
        return VectorFile(
            name: "identifiers.json",
            content: [
                "log_key": world.logSigner.verifierKey.description,
                "server": world.server.hex,
                "accounts": accounts.map { account in
                    [
                        "seed": account.key.seed.hex, "account": account.id.hex,
                        "devices": account.devices.map { ["seed": $0.key.seed.hex, "device": $0.fingerprint.hex] },
                    ] as Object
                },
                "direct": pairs.map { one, other in
                    ["one": one.hex, "other": other.hex, "conversation": ConversationID.direct(one, other).hex]
                },
                "safety_numbers": pairs.map { one, other in
                    let number = SafetyNumber(server: world.server, one, other)
                    return [
                        "one": one.hex, "other": other.hex, "bytes": number.bytes.hex, "digits": number.description,
                    ]
                },
            ])
    }
}
