import Crypto
import TestSupport
import Testing

@testable import MessengerCrypto

@Suite("Encrypted streams", .timeLimit(.minutes(1)))
struct ChunkedTests {
    private static let key = SecretBytes(Array("YELLOW SUBMARINE YELLOW SUBMARIN".utf8))

    /// The tag of the first chunk, the second chunk of one byte, and its tag.
    private static let publishedTail = "0d3065f8fbdbb7864988647a1f996f74002d3c1b8479b72d9039922affeee6e704"

    private static func encrypt(_ plain: [UInt8], in pieces: Int = 1000, context: [UInt8] = []) throws -> [UInt8] {
        var encryptor = try #require(
            ChunkedEncryptor(key: key, context: context, salt: Array(repeating: 5, count: 24)))
        var written = encryptor.head
        for start in stride(from: 0, to: plain.count, by: pieces) {
            written += try encryptor.update(plain[start..<min(plain.count, start + pieces)])
        }
        return written + (try encryptor.finish())
    }

    private static func decrypt(_ bytes: [UInt8], in pieces: Int = 1000, context: [UInt8] = []) throws -> [UInt8] {
        var decryptor = try #require(ChunkedDecryptor(key: key, context: context))
        var plain: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            plain += try decryptor.update(bytes[start..<min(bytes.count, start + pieces)])
        }
        return plain + (try decryptor.finish())
    }

    @Test("What C2SP's authors encrypted is decrypted: 0, 7 and 16,385 bytes")
    func published() throws {
        let empty = hex(
            """
            43a2e39431cbae0389d3fc86adf46f7c3a24de88d9311617e53f3164cc1d5dc738a66b97f0bf786565c31799c2f463d50a7e10046011dc6f\
            c3c939e3a5db7affb6191551669554fb
            """)
        #expect(try Self.decrypt(empty) == [])
        let short = hex(
            """
            a1a1b56f6db58cd1ede0c5c9db62aef20d3f96a6c594bb9252bb38122de91236502b42a1d7fcab820ffa292940d2f86add212cfa42c38df1\
            9d3cc9139ee61a5990d3db57433514229beea49a8a72bd
            """)
        #expect(
            SHA512.hash(data: try Self.decrypt(short)).map { $0 }
                == hex(
                    """
                    e85f32a85f1d4f7c9b2d36d20eca8435d81253e7075e9dea069eb1b6da48daf92ef1797367b520d8a46c4f72cecb85b1daff8887fcb4\
                    1721d39943d1952fc180
                    """))
        // The authors chose a message whose first encrypted chunk is zero.
        let head = """
            b9eca7d48b49c76acc0a10833699035db2160b30af69f8844cc09e21ccb4f537032c8fbf2392e57a192821e903fcd16e8508884f64f8c4b2
            """
        let long = hex(head) + Array(repeating: 0, count: 16_384) + hex(Self.publishedTail)
        #expect(
            SHA512.hash(data: try Self.decrypt(long)).map { $0 }
                == hex(
                    """
                    db9e441f318209d02c8eaedfa94be7a08d3414057835c80ecea2deb0b16438ff97ae6dac13a749efe4a24686b01dc0dfab756703e810\
                    cc164466cd5cce99b3e8
                    """))
    }

    @Test("Is read back, at every edge of a chunk and in pieces of any size", arguments: [0, 1, 16_383, 16_384, 16_385, 50_000])
    func roundTrip(size: Int) throws {
        let plain = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let encrypted = try Self.encrypt(plain)
        #expect(encrypted.count == ChunkedEncryptor.encryptedSize(of: size))
        for pieces in [13, 16_384, 16_400, 1_000_000] {
            #expect(try Self.encrypt(plain, in: pieces) == encrypted)
            #expect(try Self.decrypt(encrypted, in: pieces) == plain)
        }
    }

    @Test("Is refused when it is cut, also at the edge of a chunk, or goes on after its end")
    func cut() throws {
        let plain = Array(repeating: UInt8(1), count: 2 * 16_384)
        let encrypted = try Self.encrypt(plain)
        let edges = [
            0, 1, 55, 56, 57, 71, 72, 56 + 16_400 - 1, 56 + 16_400, 56 + 16_400 + 1, 56 + 2 * 16_400, encrypted.count - 1,
        ]
        for length in edges {
            #expect(throws: ChunkedError.self, "\(length)") { try Self.decrypt(Array(encrypted[..<length])) }
        }
        #expect(throws: ChunkedError.truncated) { try Self.decrypt(Array(encrypted[..<(56 + 2 * 16_400)])) }
        #expect(throws: ChunkedError.changed) { try Self.decrypt(encrypted + [0]) }
        #expect(throws: ChunkedError.changed) { try Self.decrypt(encrypted + encrypted.suffix(16)) }
    }

    @Test("Is refused when chunks are exchanged, bytes are changed, or key or purpose is another")
    func changed() throws {
        let plain = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        let encrypted = try Self.encrypt(plain)
        let (first, second) = (encrypted[56..<56 + 16_400], encrypted[56 + 16_400..<56 + 32_800])
        #expect(throws: ChunkedError.changed) {
            try Self.decrypt(Array(encrypted[..<56] + second + first + encrypted[(56 + 32_800)...]))
        }
        var random = SeededRandom(seed: 9)
        for _ in 0..<50 {
            var bytes = encrypted
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1
            #expect(throws: ChunkedError.self) { try Self.decrypt(bytes) }
        }
        #expect(throws: ChunkedError.wrongKey) { try Self.decrypt(encrypted, context: [1]) }
        var other = try #require(ChunkedDecryptor(key: .random(32), context: []))
        #expect(throws: ChunkedError.wrongKey) { try other.update(encrypted) }
        #expect(throws: ChunkedError.wrongKey, "it stays failed") { try other.update([]) }
        #expect(ChunkedDecryptor(key: .random(31), purpose: .attachment) == nil)
        #expect(ChunkedEncryptor(key: .random(16), purpose: .attachment) == nil)
    }

    @Test("Purposes keep apart, and each stream has a salt of its own")
    func purposes() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.xWing])
        let purposes: [ChunkedPurpose] = [
            .attachment, .backup(server: world.server, account: ann.id),
            .backup(server: try TestWorld("elsewhere").server, account: ann.id),
        ]
        for written in purposes {
            let encryptor = try #require(ChunkedEncryptor(key: Self.key, purpose: written))
            #expect(try #require(ChunkedEncryptor(key: Self.key, purpose: written)).head != encryptor.head)
            let bytes = try encryptor.head + encryptor.finish()
            for read in purposes {
                var decryptor = try #require(ChunkedDecryptor(key: Self.key, purpose: read))
                if read == written {
                    #expect(try decryptor.update(bytes) == [])
                    #expect(try decryptor.finish() == [])
                } else {
                    #expect(throws: ChunkedError.wrongKey) { try decryptor.update(bytes) }
                }
            }
        }
    }
}
