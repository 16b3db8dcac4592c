import KeyLog
import Testing

@testable import MessengerCrypto

@Suite("The safety number", .timeLimit(.minutes(1)))
struct SafetyNumberTests {
    @Test("Is the same for both, and another for every other pair and installation")
    func comparison() throws {
        var world = try TestWorld()
        let ann = try world.account("ann", [.xWing])
        let bob = try world.account("bob", [.xWing])
        let eve = try world.account("eve", [.xWing])
        let number = SafetyNumber(server: world.server, ann.id, bob.id)
        #expect(number == SafetyNumber(server: world.server, bob.id, ann.id))
        #expect(number != SafetyNumber(server: world.server, ann.id, eve.id))
        #expect(number != SafetyNumber(server: try TestWorld("elsewhere").server, ann.id, bob.id))
        #expect(number.digits.count == 12 && number.digits.allSatisfy { $0.count == 5 && Int($0) != nil })
        #expect(number.bytes.count == 64 && number.description.count == 71)
    }
}
