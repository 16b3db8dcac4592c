import MessengerAPI
import MessengerCore
import TestSupport
import Testing

/// What users see of a cluster, whichever listener they meet.
struct ClusterWalk {
    let cluster: TestCluster
    /// The longest that a message or an event may take.
    let patience: Duration

    private var here: TestClient { cluster.clients[0] }
    private var there: TestClient { cluster.clients[1] }

    /// The events of a stream up to the one of that name; fails when it does not come in time.
    private func events(until name: String, _ reader: inout EventReader, within limit: Duration? = nil) async throws -> [String] {
        let start = ContinuousClock.now
        var names: [String] = []
        while names.last != name, let event = try await reader.next() { names.append(event.name) }
        #expect(names.last == name)
        #expect(ContinuousClock.now - start < limit ?? patience, "waiting for \(name)")
        return names
    }

    func messages() async throws {
        let (ann, bob) = (try await TestUser.make(on: here), try await TestUser.make(on: there))
        try await here.stream(token: ann.token) { reader in
            _ = try await events(until: "caught-up", &reader)
            for number in 1...3 {
                let start = ContinuousClock.now
                #expect(try await bob.send("\(number)", to: ann.id).status == 200)
                #expect(try await reader.next()?.message?.message == "\(number)")
                #expect(ContinuousClock.now - start < patience)
            }
        }
    }

    func replaced() async throws {
        let ann = try await TestUser.make(on: here)
        try await here.stream(token: ann.token) { older in
            _ = try await events(until: "caught-up", &older)
            try await there.stream(token: ann.token) { newer in
                _ = try await events(until: "caught-up", &newer)
                #expect(try await events(until: "replaced", &older) == ["replaced"])
                #expect(try await ann.send("to myself", to: ann.id).status == 200)
                #expect(try await events(until: "message", &newer) == ["message"])
            }
        }
    }

    func loggedOut() async throws {
        let ann = try await TestUser.make(on: here)
        #expect(try await there.call("GET", "/api/messages/", token: ann.token).status == 200)
        try await there.stream(token: ann.token) { reader in
            _ = try await events(until: "caught-up", &reader)
            #expect(try await here.post("/api/logout/", ["username": ann.name], token: ann.token).status == 200)
            #expect(try await events(until: "logged-out", &reader, within: .seconds(1)) == ["logged-out"])
        }
        #expect(try await there.call("GET", "/api/messages/", token: ann.token).status == 401)
    }

    /// The end of the session before comes late, and concerns this one not.
    func loggedInAgain() async throws {
        let ann = try await TestUser.make(on: here)
        for _ in 0..<3 {
            let again = try await TestUser.logIn(ann.name, on: here, device: ann.device)
            for client in [there, here] {
                try await client.stream(token: again.token) { reader in
                    _ = try await events(until: "caught-up", &reader)
                    try await Task.sleep(for: .milliseconds(700))
                    #expect(try await again.send("still there", to: ann.id).status == 200)
                    #expect(try await events(until: "message", &reader) == ["message"])
                }
                _ = try await again.acknowledge(try await again.fetch().next)
            }
        }
    }

    func callbacks() async throws {
        try await CallbackSink.run { sink in
            let (ann, bob) = (try await TestUser.make(on: here, address: sink.address), try await TestUser.make(on: there))
            #expect(ann.callback == "active")
            for number in 1...20 { #expect(try await bob.send("\(number)", to: ann.id).status == 200) }
            try await eventually("all are pushed", within: patience) { sink.numbers.count == 20 }
            try await there.stream(token: ann.token) { reader in
                _ = try await events(until: "caught-up", &reader)
                #expect(try await bob.send("21", to: ann.id).status == 200)
                #expect(try await events(until: "message", &reader) == ["message"])
                try await Task.sleep(for: .milliseconds(300))
                #expect(sink.numbers.count == 20, "a stream pauses callbacks")
            }
            try await eventually("the stream's end resumes callbacks", within: patience) { sink.numbers.count == 21 }
            #expect(sink.numbers == (1...21).map { Int64($0) }, "each once and in order")
        }
    }
}
