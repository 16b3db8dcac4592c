import MessengerClient
import Testing

@testable import echo_bot

@Suite("The example in the guide", .timeLimit(.minutes(2)))
struct EchoBotTests {
    @Test("The echo bot answers each text with the same")
    func echo() async throws {
        let world = try TestWorld()
        let (ann, bot) = try await world.annAndBob()
        let running = Task { try await EchoBot.answer(bot) }
        for text in ["one", "two"] { _ = try await ann.send(text, to: "bob") }
        var answers: [String] = []
        for try await message in ann.messages {
            answers.append(message.text ?? "?")
            try await ann.acknowledge(message)
            if answers.count == 2 { break }
        }
        #expect(answers == ["one", "two"])
        await bot.close()
        try await running.value
        await ann.close()
    }
}
