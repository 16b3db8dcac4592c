import Dispatch
import MessengerAPI
import MessengerCore
import TestSupport
import Testing

@testable import ClusterBackend

@Suite("Where devices are", .timeLimit(.minutes(1)))
struct PresenceTests {
    /// Two nodes on one database, with what each of them would tell others.
    private func withNodes(
        _ body: (_ one: PostgresBackend, _ two: PostgresBackend, _ sentByTwo: SilentBroker) async throws -> Void
    ) async throws {
        try await TestDatabase.run { database in
            try await database.withBackend(node: NodeID(1)) { one in
                try await database.withBackend(node: NodeID(2)) { two in
                    let broker = SilentBroker()
                    two.onHints(broker.send)
                    try await body(one, two, broker)
                }
            }
        }
    }

    @Test("A stream that begins elsewhere takes over: the node before is told, and finds it by asking, too")
    func moves() async throws {
        try await withNodes { one, two, sent in
            let account = try await TestAccount.make(one)
            let older = try #require(try await one.attach(account.session))
            #expect(try await one.lost([older]) == [:])
            let newer = try #require(try await two.attach(account.session))
            #expect(sent.takeSent() == [.node(NodeID(1)): Hints(moved: [account.device])])
            #expect(try await one.lost([older]) == [older: .replaced])
            #expect(try await two.lost([newer]) == [:])
            await one.detach(older)
            #expect(try await two.lost([newer]) == [:], "the end of the older one is nothing to the newer")
            await two.detach(newer)
            #expect(try await two.lost([newer]) == [newer: .closing], "it may come again")
            let last = try #require(try await two.attach(account.session))
            try await one.logOut(account.token)
            #expect(try await two.lost([last]) == [last: .loggedOut])
        }
    }

    @Test("A session that has ended, or is not the newest of its device, attaches nothing")
    func endedSession() async throws {
        try await withNodes { one, _, _ in
            let account = try await TestAccount.make(one)
            let newer = try await TestAccount.logIn(one, account.user, device: account.device)
            #expect(try await one.attach(account.session) == nil)
            #expect(try await one.attach(newer.session) != nil)
            try await one.logOut(newer.token)
            #expect(try await one.attach(newer.session) == nil)
            #expect(try await one.delete(account.user, now: TimeSource.system.now()))
            #expect(try await one.attach(newer.session) == nil)
        }
    }

    @Test("A stream pauses the callbacks of its device wherever they are pushed, and its end resumes them there")
    func pausesCallbacks() async throws {
        try await withNodes { one, two, sent in
            let account = try await TestAccount.make(one, address: "a:1")
            try await account.send("first", on: one)
            #expect(try await one.callbacksDue(of: nil).map(\.device) == [account.device])
            #expect(try await one.callbackTarget(of: account.device) != nil)
            let attachment = try #require(try await two.attach(account.session))
            #expect(sent.takeSent() == [.node(NodeID(1)): Hints(moved: [account.device])])
            #expect(try await one.callbackTarget(of: account.device) == nil)
            #expect(try await one.callbacksDue(of: nil) == [])
            try await account.send("second", on: one)
            #expect(try await one.callbacksDue(of: [account.user]) == [])
            await two.detach(attachment)
            try await two.sign(of: [account.device])
            let resumed = try await one.callbacksDue(of: nil) + two.callbacksDue(of: nil)
            #expect(resumed.map(\.device) == [account.device])
        }
    }

    @Test("While a push may be under way nobody else takes the device over, whatever comes and goes between")
    func onePusher() async throws {
        try await withNodes { one, two, sent in
            let account = try await TestAccount.make(one, address: "a:1")
            try await account.send("text", on: one)
            #expect(try await one.callbacksDue(of: nil).map(\.device) == [account.device])
            #expect(one.turns.begin(account.device))

            let attachment = try #require(try await two.attach(account.session))
            _ = try await one.callbacksDue(of: nil)
            await two.detach(attachment)
            #expect(try await two.callbacksDue(of: nil) == [])
            #expect(try await two.callbacksDue(of: [account.user]) == [])
            #expect(sent.takeSent()[.node(NodeID(1))]?.news == [account.user], "who pushes is told instead")

            try await account.acknowledge(1, on: two)
            _ = try await one.callbacksDue(of: nil)
            try await account.send("next", on: two)
            #expect(try await two.callbacksDue(of: nil) == [])

            try await two.logOut(account.token)
            _ = try await one.callbacksDue(of: nil)
            _ = try await TestAccount.logIn(two, account.user, address: "a:1", device: account.device)
            #expect(try await two.callbacksDue(of: nil) == [])
            #expect(try await one.callbacksDue(of: nil).map(\.device) == [account.device])
        }
    }

    @Test("A sign goes to the node that pushes to the device, or to any sender while there is none")
    func sign() async throws {
        try await withNodes { one, two, sent in
            let account = try await TestAccount.make(one, address: "a:1")
            let hints = Hints(news: [account.user], tryNow: [account.device])
            try await two.sign(of: [account.device])
            #expect(sent.takeSent() == [:], "nothing waits")
            try await account.send("text", on: one)
            try await two.sign(of: [account.device])
            #expect(sent.takeSent() == [.anySender: hints])
            _ = try await one.callbacksDue(of: nil)
            try await two.sign(of: [account.device])
            #expect(sent.takeSent() == [.node(NodeID(1)): hints])
        }
    }

    @Test("An append tells the nodes that hold a stream or push, any sender of what nobody pushes, and nobody of the rest")
    func appendHints() async throws {
        try await withNodes { one, two, _ in
            let (quiet, here, there) = (
                try await TestAccount.make(one), try await TestAccount.make(one), try await TestAccount.make(one, address: "a:1")
            )
            let (fresh, claimed) = (
                try await TestAccount.make(one, address: "a:2"), try await TestAccount.make(one, address: "a:3")
            )
            _ = try await one.attach(here.session)
            _ = try await two.attach(there.session)
            try await claimed.send("before", on: one)
            _ = try await two.callbacksDue(of: [claimed.user])
            func hints(of accounts: [TestAccount], by backend: PostgresBackend) async throws -> [HintDestination: Hints] {
                try await backend.append([quiet.submission("text", to: accounts.map(\.user))]).hints
            }
            #expect(try await hints(of: [quiet, here], by: one) == [:])
            #expect(try await hints(of: [here], by: two) == [.node(NodeID(1)): Hints(news: [here.user])])
            #expect(
                try await hints(of: [quiet, here, there, fresh, claimed], by: one) == [
                    .node(NodeID(2)): Hints(news: [there.user, claimed.user]), .anySender: Hints(news: [fresh.user]),
                ])
        }
    }

    @Test(
        "A stream whose end or beginning could not be told does not pause the callbacks of its device for good",
        arguments: [true, false])
    func outage(atEnd: Bool) async throws {
        try await TestDatabase.run { database in
            try await PostgresProxy.run(to: database.port) { proxy in
                try await database.withBackend(through: proxy.port) { backend in
                    try await database.withBackend { other in
                        let account = try await TestAccount.make(other, address: "a:1")
                        try await account.send("text", on: other)
                        let attachment = atEnd ? try await backend.attach(account.session) : nil
                        if let attachment {
                            proxy.isAway = true
                            proxy.cutAll()
                            await backend.detach(attachment)
                        } else {
                            proxy.meetNextCommit(.leave)
                            await #expect(throws: StoreError.self) { try await backend.attach(account.session) }
                        }
                        #expect(try await other.sql("SELECT count(*) FROM stream_attachments") == 1)
                        proxy.isAway = false
                        try await eventually("it is told") { (try? await backend.finishDetachments()) != nil }
                        #expect(try await other.sql("SELECT count(*) FROM stream_attachments") == 0)
                        #expect(try await other.numbers(ContentionTests.missingCallbacks) == [])
                        #expect(try await other.callbacksDue(of: nil).map(\.device) == [account.device])
                    }
                }
            }
        }
    }
}
