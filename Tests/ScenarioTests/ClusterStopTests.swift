import Glibc
import MessengerAPI
import TestSupport
import Testing

extension ClusterSuite {
    /// Processes that stop (SIGSTOP), as on a machine that hangs, and wake up later.
    struct StoppedProcessTests {
        private static let pause = ScenarioSettings.wait(.seconds(20), short: .seconds(13))
        /// Ten seconds, and what has piled up.
        private static let takeoverWithin = Duration.seconds(12)
        /// A callback that took longer has waited for a takeover.
        private static let normalDelivery = Duration.seconds(3)
        /// What a hanging process has locked is free again within 3 s.
        private static let locksWithin = Duration.seconds(5)

        /// Together where there is no time for each alone.
        private static let victims =
            ScenarioSettings.isLong ? [["sender"], ["listener"]] : [["sender", "listener"]]

        private let cluster: ClusterProcess

        init() throws { cluster = try #require(ClusterTrait.current) }

        @Test(arguments: victims)
        func `A process that hangs is replaced in time, and does no harm when it wakes up`(_ victims: [String]) async throws {
            let name = "kill -STOP of \(victims.joined(separator: " and "))"
            try await FaultScenario(name: name, cluster: cluster).play { round, ledger in
                async let sender: Void = victims.contains("sender") ? stopSender(in: round, ledger) : ()
                async let listener: Void = victims.contains("listener") ? stopListener(in: round) : ()
                _ = try await (sender, listener)
                // What it does when it wakes up.
                try await Task.sleep(for: .seconds(1))
            }
        }

        /// One after the other until there was one that had something to do.
        private func stopSender(in round: Int, _ ledger: DeliveryLedger) async throws {
            for attempt in 0..<4 {
                let sender = ClusterProcess.name("sender", in: round + attempt)
                _ = await ledger.takeSlowest(at: .callback)
                try cluster.signal(sender, SIGSTOP)
                try await Task.sleep(for: Self.pause)
                let slowest = await ledger.takeSlowest(at: .callback)
                try cluster.signal(sender, SIGCONT)
                #expect(slowest < Self.takeoverWithin, "after \(sender) stopped")
                guard slowest > Self.normalDelivery else { continue }
                return await ledger.note("takeover=\(slowest.formatted)")
            }
            Issue.record("no sender had anything to do")
        }

        private func stopListener(in round: Int) async throws {
            let name = ClusterProcess.name("listener", in: round)
            let hanging = try cluster.listener(name)
            let other = try cluster.listener(ClusterProcess.name("listener", in: round + 1))
            let reader = try await TestUser.make(on: hanging)
            let leaver = try await TestUser.make(on: hanging)
            // It knows both sessions by heart.
            let (readerReads, leaverReads) = (Gate(), Gate())
            async let readerEvents = events(of: reader, on: hanging, readerReads)
            async let leaverEvents = events(of: leaver, on: hanging, leaverReads)
            for gate in [readerReads, leaverReads] { await gate.wait() }

            try cluster.signal(name, SIGSTOP)
            #expect(try await other.post("/api/logout/", ["username": leaver.name], token: leaver.token).status == 200)
            async let late = hanging.call("GET", "/api/messages/", token: leaver.token)
            // Not for a device that was logged out before.
            #expect(try await send("secret", by: reader, to: leaver, on: other) == 200)
            try await expectDelivery(to: reader, on: other)
            try await expectSends(by: reader, on: other, for: Self.pause)
            try cluster.signal(name, SIGCONT)

            let statuses = [
                try await late.status, try await hanging.call("GET", "/api/messages/", token: leaver.token).status,
            ]
            #expect(statuses == [401, 401])
            let ends = (reader: try await readerEvents.last, leaver: try await leaverEvents)
            #expect(["replaced", "closing"].contains(ends.reader))
            #expect([["caught-up", "logged-out"], ["caught-up", "closing"]].contains(ends.leaver))
            try await expectDelivery(to: reader, on: hanging)
        }

        /// The names of all events until the stream ends. Opens the gate at the first.
        private func events(of user: TestUser, on listener: TestClient, _ hasBegun: Gate) async throws -> [String] {
            defer { hasBegun.open() }
            return try await listener.stream(token: user.token) { events in
                var names: [String] = []
                while let event = try await events.next() {
                    names.append(event.name)
                    hasBegun.open()
                }
                return names
            }
        }

        /// The user reads on there, and gets a message that is sent now.
        private func expectDelivery(to user: TestUser, on listener: TestClient) async throws {
            try await eventually("a stream gets what is sent", within: .seconds(10)) {
                // It breaks at a listener that is not registered yet.
                let text = "\(ContinuousClock.now)"
                let last = try? await listener.stream(token: user.token) { events in
                    while let event = try await events.next(), event.name != "caught-up" {}
                    _ = try await send(text, by: user, to: user, on: listener)
                    return try await events.next()?.message?.message
                }
                return last == text
            }
        }

        /// That listener goes on, whatever the hanging one held.
        private func expectSends(by user: TestUser, on listener: TestClient, for duration: Duration) async throws {
            let end = ContinuousClock.now + duration
            while ContinuousClock.now < end {
                let start = ContinuousClock.now
                #expect(try await send("on", by: user, to: user, on: listener) == 200)
                #expect(.now - start < Self.locksWithin)
                try await Task.sleep(for: .milliseconds(100))
            }
        }

        /// The status of the answer.
        private func send(
            _ text: String, by user: TestUser, to receiver: TestUser, on listener: TestClient
        ) async throws -> Int {
            let fields: [String: any Sendable] = [
                "message": text, "sender_id": user.id, "sender_username": user.name, "receiver_id": receiver.id,
                "send_date": "2026-01-02 03:04:05",
            ]
            return try await listener.post("/api/messages/", fields, token: user.token).status
        }
    }
}
