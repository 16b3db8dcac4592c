/// What a signature covers: a label that says for what, the installation it is for, and the object.
package enum SignedBytes {
    package static func of(_ label: StaticString, server: ServerID, _ bytes: [UInt8]) -> [UInt8] {
        Label.bytes(label) + server.bytes + bytes
    }

    package static func isValid(
        _ signature: some Collection<UInt8>, label: StaticString, server: ServerID, _ bytes: [UInt8], by key: SigningPublicKey
    ) -> Bool {
        Ed25519.isValid(signature: signature, of: of(label, server: server, bytes), by: key.bytes)
    }
}
