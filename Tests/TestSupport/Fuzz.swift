import Foundation

/// Inputs bent at random. Finds become cases of their own beside the fuzz test.
public enum Fuzz {
    /// So many rounds as `FUZZ_ROUNDS` says, or the usual.
    public static func rounds(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap { Int($0) } ?? usual
    }

    /// The seed with up to three changes: a piece put in, bytes left out, changed, repeated, or the rest cut off.
    public static func bent(_ seed: [UInt8], with pieces: [[UInt8]], using random: inout SeededRandom) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.insert(contentsOf: pieces.randomElement(using: &random)!, at: place)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...4, using: &random)))
            case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 3: bytes.removeSubrange(place...)
            default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
            }
        }
        return bytes
    }

    /// The same for text.
    public static func bent(_ seed: String, with pieces: [String], using random: inout SeededRandom) -> String {
        String(decoding: bent(Array(seed.utf8), with: pieces.map { Array($0.utf8) }, using: &random), as: UTF8.self)
    }
}
