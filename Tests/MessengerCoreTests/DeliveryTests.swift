import MessengerAPI
import Synchronization
import TestSupport
import Testing

@testable import MessengerCore

@Suite("Live streams", .timeLimit(.minutes(1)))
struct DeliveryTests {
    private func message(_ number: Int64) -> InboxMessage {
        InboxMessage(
            number: MessageNumber(number), sender: UserID(1), senderUsername: "ann", receiver: UserID(2), body: "\(number)",
            sendDate: "2026-01-01")
    }

    private func page(_ numbers: [Int64], start: Int64, head: Int64) -> PendingPage {
        PendingPage(messages: numbers.map(message), start: MessageNumber(start), head: MessageNumber(head))
    }

    private func gap(_ from: Int64, _ to: Int64) -> StreamEvent { .gap(Gap(from: MessageNumber(from), to: MessageNumber(to))) }

    @Test("A missing number is a gap; one that was acknowledged meanwhile is not")
    func gaps() {
        func events(_ page: PendingPage, after: Int64) -> ([StreamEvent], Int64) {
            var last = MessageNumber(after)
            let events = LiveStream.events(of: page, after: &last)
            return (events, last.rawValue)
        }
        #expect(events(page([3, 4], start: 2, head: 4), after: 2) == ([.message(message(3)), .message(message(4))], 4))
        #expect(events(page([5], start: 2, head: 5), after: 2) == ([gap(3, 4), .message(message(5))], 5))
        #expect(events(page([], start: 2, head: 9), after: 2) == ([gap(3, 9)], 9))
        #expect(events(page([], start: 2, head: 2), after: 2) == ([], 2))
        #expect(events(page([8], start: 7, head: 8), after: 2) == ([.message(message(8))], 8))
        // A restore raises the next number by a million.
        #expect(events(page([1_000_003], start: 2, head: 1_000_003), after: 2).0.first == gap(3, 1_000_002))
    }

    private func session(_ device: Int64, user: Int64 = 1, generation: Int64 = 1) -> Session {
        Session(
            token: TokenHash(of: "\(device)"), user: UserID(user), username: Username("ann")!, device: DeviceID(device),
            generation: generation, lastUsed: Timestamp(milliseconds: 0))
    }

    @Test("Rings are kept until someone listens, and the end comes first")
    func bell() {
        let streams = LiveStreams()
        let bell = streams.attach(session(1))
        streams.ring([UserID(1)])
        streams.ring([UserID(1), UserID(9)])
        bell.ringQuiet()
        #expect(bell.take(after: .zero) == .news)
        #expect(bell.take(after: .zero) == .quiet)
        streams.ring([UserID(1)])
        streams.end([DeviceID(1)], .loggedOut)
        streams.close()
        #expect(bell.take(after: .zero) == .end(.loggedOut))
        #expect(bell.take(after: .zero) == .end(.loggedOut))
    }

    @Test("What was committed is handed over as long as no number is missed; then the store is to be read")
    func handOver() {
        let streams = LiveStreams()
        let bell = streams.attach(session(1, user: 2))
        streams.offer([message(1)])
        #expect(bell.take(after: .zero) == .news, "the stream read the store meanwhile")
        streams.offer([message(2), message(3)])
        #expect(bell.take(after: MessageNumber(2)) == .news, "the stream has read the second already")
        #expect(bell.take(after: MessageNumber(3)) == nil)
        streams.offer([message(4)])
        #expect(bell.take(after: MessageNumber(3)) == .fresh([message(4)]))
        // The stream writes: what comes now is kept for it, in order.
        streams.offer([message(5), message(6)])
        #expect(bell.take(after: MessageNumber(4)) == .fresh([message(5), message(6)]))
        streams.offer([message(8)])
        streams.offer([message(9)])
        #expect(bell.take(after: MessageNumber(6)) == .news)
        #expect(bell.take(after: MessageNumber(9)) == nil)
        streams.offer([message(10)])
        #expect(bell.take(after: MessageNumber(9)) == .fresh([message(10)]))
    }

    @Test("A slow stream is handed no more than a page; the rest it reads")
    func handOverLimit() {
        let streams = LiveStreams()
        let bell = streams.attach(session(1, user: 2))
        #expect(bell.take(after: .zero) == nil)
        streams.offer([message(1)])
        #expect(bell.take(after: .zero) == .fresh([message(1)]))
        streams.offer((2...101).map { message($0) })
        #expect(bell.take(after: MessageNumber(1)) == .fresh((2...101).map { message($0) }))
        streams.offer((102...202).map { message($0) })
        #expect(bell.take(after: MessageNumber(101)) == .news)
    }

    @Test("A stream that found nothing is woken up once, at the next ring")
    func wakingUp() {
        let streams = LiveStreams()
        let bell = streams.attach(session(1))
        let wakeUps = Mutex(0)
        bell.listen { wakeUps.withLock { $0 += 1 } }
        streams.ring([UserID(1)])
        #expect(wakeUps.withLock { $0 } == 0, "it has not looked yet")
        #expect(bell.take(after: .zero) == .news)
        #expect(bell.take(after: .zero) == nil)
        streams.ring([UserID(1)])
        bell.end(.closing)
        #expect(wakeUps.withLock { $0 } == 1)
        #expect(bell.take(after: .zero) == .end(.closing))
    }

    @Test("A device has one stream; a user's others are not touched")
    func attachments() {
        let streams = LiveStreams()
        let first = streams.attach(session(1))
        let other = streams.attach(session(2))
        let second = streams.attach(session(1))
        #expect(first.endReason == .replaced)
        streams.detach(first)
        #expect(streams.isAttached(DeviceID(1)))
        streams.detach(second)
        #expect(!streams.isAttached(DeviceID(1)))
        #expect(other.endReason == nil)
        streams.endAll(of: UserID(1), .loggedOut)
        #expect(other.endReason == .loggedOut)
        streams.close()
        #expect(streams.attach(session(3)).endReason == .closing)
    }

    @Test("A stream that an older login asked for does not replace a newer login's")
    func staleAttachment() {
        let streams = LiveStreams()
        let newer = streams.attach(session(1, generation: 2))
        #expect(streams.attach(session(1, generation: 1)).endReason == .loggedOut)
        #expect(newer.endReason == nil)
        #expect(streams.attach(session(1, generation: 2)).endReason == nil)
        #expect(newer.endReason == .replaced)
    }

    @Test("Equal hints are one, and nothing is forgotten between two looks")
    func mailbox() async {
        let mailbox = CallbackMailbox()
        mailbox.news([UserID(1), UserID(2)])
        mailbox.news([UserID(2)])
        mailbox.sign(of: DeviceID(7), UserID(3))
        let batch = await mailbox.next()
        #expect(batch?.users == [UserID(1), UserID(2), UserID(3)])
        #expect(batch?.tryNow == [DeviceID(7)])
        async let next = mailbox.next()
        mailbox.news([UserID(4)])
        #expect(await next?.users == [UserID(4)])
        let task = Task { await mailbox.next() }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test("Guessing slows down, for that account from that address only")
    func throttle() {
        let time = TestTime()
        let throttle = LoginThrottle(uptime: time.source.uptime)
        let (ann, bob) = (Username("ann")!, Username("bob")!)
        func pause() -> Duration? { throttle.pause(for: ann, from: "a") }
        for _ in 0..<LoginThrottle.freeFailures { throttle.failed(ann, from: "a") }
        #expect(pause() == nil)
        throttle.failed(ann, from: "a")
        #expect(pause() == .seconds(1))
        #expect(throttle.pause(for: ann, from: "b") == nil)
        #expect(throttle.pause(for: bob, from: "a") == nil)
        time.advance(by: .seconds(1))
        #expect(pause() == nil)
        for _ in 0..<20 { throttle.failed(ann, from: "a") }
        #expect(pause() == LoginThrottle.longestPause)
        throttle.succeeded(ann, from: "a")
        #expect(pause() == nil)
        for _ in 0..<6 { throttle.failed(ann, from: "a") }
        time.advance(by: .minutes(16))
        throttle.failed(ann, from: "a")
        #expect(pause() == nil)
    }
}
