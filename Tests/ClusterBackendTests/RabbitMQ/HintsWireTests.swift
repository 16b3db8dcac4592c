import Foundation
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Hints on the wire", .timeLimit(.minutes(1)))
struct HintsWireTests {
    private static func decode(_ bytes: [UInt8]) -> Hints? { bytes.withUnsafeBytes { Hints(wire: $0) } }

    @Test(
        "Hints come out as they went in",
        arguments: [
            Hints(), Hints(news: [UserID(1)]), Hints(tryNow: [DeviceID(.max), DeviceID(.min)]), Hints(moved: [DeviceID(0)]),
            Hints(news: [UserID(1), UserID(-1)], tryNow: [DeviceID(1)], moved: [DeviceID(2), DeviceID(3)]),
            Hints(news: Set((0..<Int64(Hints.maximumPerMessage)).map { UserID($0 << 32) })),
        ])
    func roundTrip(hints: Hints) { #expect(Self.decode(hints.wire) == hints) }

    @Test("The bytes are those of version 1")
    func layout() {
        let hints = Hints(news: [UserID(0x0102_0304_0506_0708)], moved: [DeviceID(-1)])
        #expect(
            hints.wire == [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8] + [UInt8](repeating: 0xFF, count: 8))
    }

    @Test("Another version, a wrong length and a count beyond the bound are ignored")
    func refusals() {
        let good = Hints(news: [UserID(1)], tryNow: [DeviceID(2)]).wire
        #expect(Self.decode([]) == nil)
        #expect(Self.decode([2] + good.dropFirst()) == nil)
        #expect(Self.decode(good + [0]) == nil)
        #expect(Self.decode(good.dropLast()) == nil)
        #expect(Self.decode([1] + [UInt8](repeating: 0xFF, count: 12)) == nil)
        let tooMany = Hints(news: Set((0...Int64(Hints.maximumPerMessage)).map { UserID($0) }))
        #expect(Self.decode(tooMany.wire) == nil)
    }

    /// `FUZZ_ROUNDS` sets how many.
    @Test("Random and bent bytes are read or ignored, and what is read means the same when it is written")
    func fuzz() {
        let rounds = ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap { Int($0) } ?? 100_000
        var random = SeededRandom(seed: 20_261_124)
        var taken = 0
        for round in 0..<rounds {
            var bytes = Hints(
                news: Set((0..<Int64.random(in: 0...3, using: &random)).map { UserID($0) }), tryNow: [DeviceID(7)]
            ).wire
            if round.isMultiple(of: 3) {
                bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                if random.oneIn(4) {
                    bytes.removeSubrange(place...)
                } else {
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
            }
            guard let hints = Self.decode(bytes) else { continue }
            taken += 1
            #expect(Self.decode(hints.wire) == hints, "\(bytes)")
        }
        #expect(taken > rounds / 50, "the bending leaves enough that is taken: \(taken)")
    }
}
