import FoundationEssentials
import KeyLog

/// What goes from the new device to the old one by eye or by hand, and by no server: version u8, server 32, hash of the bundle
/// 32, secret 32, and the time until which it counts, u64 in milliseconds since 1970.
public struct LinkCode: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    static let version: UInt8 = 1
    static let secretSize = 32
    /// Two minutes.
    public static let lifetime: UInt64 = 120_000

    public let server: ServerID
    public let bundleHash: [UInt8]
    public let expires: UInt64
    let secret: SecretBytes

    public init(for bundle: LinkBundle, server: ServerID, now: UInt64) {
        self.server = server
        bundleHash = bundle.hash
        expires = now + Self.lifetime
        secret = .random(Self.secretSize)
    }

    /// Nil unless the bytes are such a code and nothing more.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard (try? reader.integer()) == Self.version, let server = try? reader.fixed(ServerID.self),
            let hash = try? reader.take(32), let secret = try? reader.take(Self.secretSize),
            let expires = try? reader.integer(UInt64.self), (try? reader.end()) != nil
        else { return nil }
        self.server = server
        self.expires = expires
        self.secret = SecretBytes(secret)
        bundleHash = Array(hash)
    }

    /// As secret as the device is for its two minutes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.append(server)
        bytes += bundleHash + secret.exposed
        bytes.append(bigEndian: expires)
        return bytes
    }

    /// Under which names the server keeps bundle, answer and where the history lies; they tell nothing of the secret.
    public var bundleID: [UInt8] { Label.hash("link-note", [1], secret.exposed) }
    public var answerID: [UInt8] { Label.hash("link-note", [2], secret.exposed) }
    public var historyID: [UInt8] { Label.hash("link-note", [3], secret.exposed) }

    public var description: String { "link code" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
