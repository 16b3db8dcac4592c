import Crypto
import Foundation

@testable import MessengerCrypto

extension VectorFile {
    static func recovery() throws -> VectorFile {
        let secrets = [SecretBytes(Array(0..<32)), SecretBytes(Array(repeating: 0xFF, count: 32)), TestWorld.seed("recovery")]
        return VectorFile(
            name: "recovery.json",
            content: [
                "cases": try secrets.compactMap { secret -> Object? in
                    guard let recovery = RecoverySecret(secret) else { return nil }
                    return [
                        "secret": secret.hex, "text": recovery.text,
                        "account_public_key": try recovery.accountKey().publicKey.hex,
                        "backup_key": recovery.backupKey().hex,
                    ] as Object
                }
            ])
    }

    static func chunked() throws -> VectorFile {
        var world = try TestWorld()
        let ann = try world.account("ann", [.xWing])
        let key = TestWorld.seed("stream")
        let salt = Array(TestWorld.seed("stream salt").exposed.prefix(24))
        let purposes: [ChunkedPurpose] = [.attachment, .backup(server: world.server, account: ann.id)]
        let sizes = [0, 1, 16_383, 16_384, 16_385, 40_000]
        let cases = try purposes.flatMap { purpose in
            try sizes.compactMap { size -> Object? in
                guard var encryptor = ChunkedEncryptor(key: key, context: purpose.context, salt: salt) else { return nil }
                let encrypted = try encryptor.head + encryptor.update((0..<size).map { UInt8($0 % 251) }) + encryptor.finish()
                return [
                    "size": size, "context": purpose.context.hex, "encrypted_size": encrypted.count,
                    "sha256": Array(SHA256.hash(data: encrypted)).hex,
                ]
            }
        }
        return VectorFile(name: "chunked.json", content: ["key": key.hex, "salt": salt.hex, "cases": cases])
    }
}
