import Crypto
import Foundation

/// What a client shows to prove its login: 256 random bits in base64url. The server keeps only the hash.
public struct Token: Sendable {
    public let text: String
    public let hash: TokenHash

    public init() {
        text = Data(SecureRandom.bytes(32)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        hash = TokenHash(of: text)
    }
}

/// SHA-256 of a token. Tokens have 256 random bits, so no salt and no slow hash is needed.
public struct TokenHash: Hashable, Sendable {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }
    public init(of text: some StringProtocol) {
        var hash = SHA256()
        let isContiguous: Void? = text.utf8.withContiguousStorageIfAvailable { hash.update(bufferPointer: .init($0)) }
        if isContiguous == nil { hash.update(data: Data(text.utf8)) }
        bytes = Array(hash.finalize())
    }
}
