import KeyLog
import MessengerAPI
import MessengerCrypto
import Testing

@testable import MessengerClient

@Suite("When keys are made and destroyed", .timeLimit(.minutes(1)))
struct KeyLifeTests {
    private static let day: UInt64 = 24 * 3600 * 1000
    private static let start: UInt64 = 1_800_000_000_000

    private static func rotating(
        _ id: UInt8, created: UInt64 = start, succeededAt: UInt64? = nil, sealedThrough: Int64? = nil
    ) -> HeldKey {
        HeldKey(
            id: KeyID(unchecked: Array(repeating: id, count: 16)), kind: .rotating, created: created, isPublished: true,
            succeededAt: succeededAt, sealedThrough: sealedThrough.map { MessageNumber($0) })
    }

    private static func due(_ held: [HeldKey], stored: Int64 = 0, after: UInt64 = 0, mustRotate: Bool = false) -> KeyLife.Due {
        KeyLife.due(held, atServer: 100, storedThrough: MessageNumber(stored), mustRotate: mustRotate, now: start + after)
    }

    @Test("The first key is made at once, the next one a day later, or when a device was removed")
    func rotation() {
        #expect(Self.due([]).rotates)
        #expect(!Self.due([Self.rotating(1)], after: Self.day - 1).rotates)
        #expect(Self.due([Self.rotating(1)], after: Self.day).rotates)
        #expect(Self.due([Self.rotating(1)], mustRotate: true).rotates)
    }

    @Test("A key from a clock that was ahead is replaced")
    func clockAhead() { #expect(Self.due([Self.rotating(1, created: Self.start + 1)]).rotates) }

    @Test("The newest key is never destroyed, an old one when nothing for it can come any more")
    func succession() {
        let old = Self.rotating(1, succeededAt: Self.start, sealedThrough: 7)
        #expect(Self.due([old, Self.rotating(2)], stored: 6).destroyed.isEmpty)
        #expect(Self.due([old, Self.rotating(2)], stored: 7).destroyed == [old.id])
        #expect(Self.due([Self.rotating(2)], stored: 100, after: 60 * Self.day).destroyed.isEmpty)
    }

    @Test("Thirty days after its successor a key goes, whatever the server says")
    func longestSuccession() {
        let old = Self.rotating(1, succeededAt: Self.start)
        #expect(Self.due([old], stored: 100, after: 30 * Self.day).destroyed.isEmpty)
        #expect(Self.due([old], after: 30 * Self.day + 1).destroyed == [old.id])
    }

    @Test("One-time keys are refilled below half, and live 37 days")
    func oneTimeKeys() {
        #expect(KeyLife.due([], atServer: 50, storedThrough: .zero, now: Self.start).oneTimeKeys == 0)
        #expect(KeyLife.due([], atServer: 49, storedThrough: .zero, now: Self.start).oneTimeKeys == 51)
        #expect(KeyLife.due([], atServer: nil, storedThrough: .zero, now: Self.start).oneTimeKeys == 0)
        let key = HeldKey(id: .zero, kind: .oneTime, created: Self.start, isPublished: true)
        #expect(Self.due([key], stored: 100, after: 37 * Self.day).destroyed.isEmpty)
        #expect(Self.due([key], after: 37 * Self.day + 1).destroyed == [key.id])
    }
}
