import TestSupport
import Testing

@Test func placeholder() async throws {
    try await TestServer.run { server in
        let client = TestClient(server.url)
        let ann = try await TestUser.make(on: client)
        try await CallbackSink.run { sink in
            let bob = try await TestUser.make(on: client, address: sink.address)
            #expect(bob.callback == "active")
            #expect(try await ann.send("hi", to: bob.id).status == 200)
            try await eventually("pushed") { sink.numbers == [1] }
            #expect(try await ann.send("hi", to: ann.id).status == 200)
            #expect(try await ann.fetch().messages.map(\.text) == ["hi"])
            try await client.stream(token: ann.token) { events in
                let first = try await events.next()
                #expect(first?.message?.message == "hi")
                let second = try await events.next()
                #expect(second?.name == "caught-up")
            }
        }
    }
}
