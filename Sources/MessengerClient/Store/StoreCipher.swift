import Crypto
import Foundation
import MessengerCrypto

/// Encrypts what the store keeps: AES-256-GCM with a random nonce, bound to the column and the row it is for.
struct StoreCipher: Sendable {
    private let key: SymmetricKey

    init(key: SecretBytes) { self.key = SymmetricKey(data: key.exposed) }

    func seal(_ bytes: some Sequence<UInt8>, column: StaticString, row: some Sequence<UInt8>) throws -> Data {
        guard let sealed = try AES.GCM.seal(Array(bytes), using: key, authenticating: Self.place(column, row)).combined else {
            throw MessengerError.store("it cannot be encrypted")
        }
        return sealed
    }

    /// Throws when the bytes were changed or moved.
    func open(_ sealed: Data, column: StaticString, row: some Sequence<UInt8>) throws -> [UInt8] {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let bytes = try? AES.GCM.open(box, using: key, authenticating: Self.place(column, row))
        else { throw MessengerError.store("something in it was changed") }
        return Array(bytes)
    }

    private static func place(_ column: StaticString, _ row: some Sequence<UInt8>) -> [UInt8] {
        Array("\(column)".utf8) + [0] + row
    }
}
