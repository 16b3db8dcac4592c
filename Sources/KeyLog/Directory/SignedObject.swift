/// Bytes with a meaning, which somebody signs under a label of their own.
public protocol SignedObject: Hashable, Sendable {
    static var label: StaticString { get }
    var bytes: [UInt8] { get }

    /// Nil unless the bytes are such an object and nothing more.
    init?(_ bytes: [UInt8])
}

/// An object and a signature that may or may not be good: on the wire, one after the other.
public struct Signed<Object: SignedObject>: Hashable, Sendable {
    public let object: Object
    package let signature: [UInt8]

    package init(_ object: Object, signature: [UInt8]) {
        self.object = object
        self.signature = signature
    }

    /// Nil unless an object and 64 bytes are there.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count > Ed25519.signatureSize, let object = Object(Array(bytes.dropLast(Ed25519.signatureSize))) else {
            return nil
        }
        self.object = object
        signature = Array(bytes.suffix(Ed25519.signatureSize))
    }

    public var bytes: [UInt8] { object.bytes + signature }

    public func isValid(by key: SigningPublicKey, server: ServerID) -> Bool {
        SignedBytes.isValid(signature, label: Object.label, server: server, object.bytes, by: key)
    }
}
