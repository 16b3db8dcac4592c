import CArgon2
import Crypto
import Foundation
import KeyLog
import MessengerCrypto

/// The file with the key of a store: as it is, or under a passphrase (Argon2id).
///
/// A byte says which. 1: the key. 2: memory in KiB and iterations, both u32, 16 bytes of salt, and the key in AES-256-GCM.
enum StoreKeyFile {
    private static let keySize = 32
    private static let saltSize = 16
    /// OWASP's floor is 19 MiB; a client has more, and opens a store seldom.
    private static let memoryKiB: UInt32 = 65_536
    private static let iterations: UInt32 = 3
    /// A file that asks for more was not written by us.
    private static let largestMemoryKiB: UInt32 = 1 << 20
    private static let largestIterations: UInt32 = 16

    /// A new key, and the file's bytes.
    static func make(passphrase: String?) throws -> (key: SecretBytes, file: [UInt8]) {
        let key = SecretBytes.random(keySize)
        guard let passphrase else { return (key, [1] + key.exposed) }
        let salt = SecretBytes.random(saltSize).exposed
        var head: [UInt8] = [2]
        head.append(bigEndian: memoryKiB)
        head.append(bigEndian: iterations)
        head += salt
        let wrapping = try derive(passphrase, salt: salt, memoryKiB: memoryKiB, iterations: iterations)
        let box = try AES.GCM.seal(key.exposed, using: wrapping, authenticating: head)
        return (key, head + Array(box.combined ?? Data()))
    }

    /// Throws `MessengerError.storeLocked` for a wrong or missing passphrase.
    static func open(_ file: [UInt8], passphrase: String?) throws -> SecretBytes {
        var reader = ByteReader(file)
        switch try? reader.integer(UInt8.self) {
        case 1:
            guard let key = try? reader.take(keySize), reader.remaining == 0 else { throw damaged }
            return SecretBytes(key)
        case 2:
            guard let memory = try? reader.integer(UInt32.self), let iterations = try? reader.integer(UInt32.self),
                let salt = try? reader.take(saltSize), memory <= largestMemoryKiB, iterations <= largestIterations,
                let box = try? AES.GCM.SealedBox(combined: file[reader.position...])
            else { throw damaged }
            guard let passphrase else { throw MessengerError.storeLocked }
            let wrapping = try derive(passphrase, salt: Array(salt), memoryKiB: memory, iterations: iterations)
            guard let key = try? AES.GCM.open(box, using: wrapping, authenticating: file[..<reader.position]) else {
                throw MessengerError.storeLocked
            }
            return SecretBytes(key)
        default: throw damaged
        }
    }

    static func hasPassphrase(_ file: [UInt8]) -> Bool { file.first == 2 }

    private static let damaged = MessengerError.store("its key file is damaged")

    /// NFC, so that a passphrase does not depend on the keyboard.
    private static func derive(
        _ passphrase: String, salt: [UInt8], memoryKiB: UInt32, iterations: UInt32
    ) throws -> SymmetricKey {
        let text = Array(passphrase.precomposedStringWithCanonicalMapping.utf8)
        var key = [UInt8](repeating: 0, count: keySize)
        let result = argon2id_hash_raw(iterations, memoryKiB, 1, text, text.count, salt, salt.count, &key, key.count)
        guard result == ARGON2_OK.rawValue else { throw MessengerError.store("there is not enough memory to open it") }
        return SymmetricKey(data: key)
    }
}
