import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("Names of groups", .timeLimit(.minutes(1)))
struct GroupNameTests {
    private static func name(_ text: String, revision: UInt32 = 1) -> GroupName? {
        GroupName(
            group: ConversationID(unchecked: Array(repeating: 1, count: 32)),
            head: GroupChangeHash(unchecked: Array(repeating: 2, count: 32)), revision: revision,
            author: AccountID(unchecked: Array(repeating: 3, count: 32)),
            device: DeviceFingerprint(unchecked: Array(repeating: 4, count: 16)), text: text)
    }

    @Test("A name is read as it was written, and in no other form")
    func bytes() throws {
        let name = try #require(Self.name("Lake 🏞"))
        #expect(name.bytes.count == 119 + "Lake 🏞".utf8.count)
        #expect(GroupName(name.bytes) == name)
        for end in 0..<name.bytes.count { #expect(GroupName(Array(name.bytes[..<end])) == nil) }
        #expect(GroupName(name.bytes + [0]) == nil)
        #expect(GroupName([2] + name.bytes.dropFirst()) == nil)
        var broken = name.bytes
        broken[119] = 0xFF
        #expect(GroupName(broken) == nil, "no UTF-8")
        #expect(Self.name("") == nil)
        #expect(Self.name(String(repeating: "x", count: 257)) == nil)
    }

    @Test("Of two names the later one counts, whichever came first")
    func order() throws {
        let one = try #require(Self.name("One"))
        let two = try #require(Self.name("Two", revision: 2))
        let other = try #require(Self.name("Other"))
        #expect(two.replaces(one, epoch: 0, otherEpoch: 0) && !one.replaces(two, epoch: 0, otherEpoch: 0))
        #expect(one.replaces(two, epoch: 1, otherEpoch: 0) && !two.replaces(one, epoch: 0, otherEpoch: 1))
        #expect(one.replaces(other, epoch: 0, otherEpoch: 0) != other.replaces(one, epoch: 0, otherEpoch: 0))
        #expect(!one.replaces(one, epoch: 0, otherEpoch: 0))
    }
}
