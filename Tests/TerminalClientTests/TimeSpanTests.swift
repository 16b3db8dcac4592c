import Foundation
import MessengerClient
import MessengerCrypto
import Testing

@testable import messenger

@Suite("Times, groups and timers in words", .timeLimit(.minutes(1)))
struct TimeSpanTests {
    @Test("A time is a number and a unit", arguments: [("30s", 30), ("5m", 300), ("1h", 3600), ("2d", 172_800), ("1w", 604_800)])
    func units(text: String, seconds: Int) {
        #expect(TimeSpan(argument: text)?.seconds == seconds)
        #expect(TimeSpan(seconds: seconds).text == text)
    }

    @Test(
        "What is no time, nothing, or far too long is none",
        arguments: ["", "h", "0s", "-1h", "+1h", "1", "1y", "1.5h", "1 h", "9999999999999999w", "521w6d", "3651d"])
    func none(text: String) { #expect(TimeSpan(argument: text) == nil) }

    @Test("A time is said in the unit that says it in whole numbers")
    func words() {
        #expect(TimeSpan(seconds: 90).text == "90s")
        #expect(TimeSpan(seconds: 5400).text == "90m")
    }

    @Test("In a chat a timer is set or taken back")
    func chat() {
        #expect(ChatInput("/timer 1h") == .timer(TimeSpan(seconds: 3600)))
        #expect(ChatInput("/timer off") == .timer(nil))
        #expect(ChatInput("/timer soon") == .unknown("/timer"))
        #expect(ChatInput("/timer") == .unknown("/timer"))
    }

    @Test("A line of the inbox names the group, and says when the message goes; neither can command the terminal")
    func line() {
        let entry = ChatEntry(
            position: 1, sender: "ann", isMine: false, group: "Lake\u{1B}[2J", sent: Date(timeIntervalSince1970: 0), text: "Hi",
            expires: "1h")
        let looks = EntryRows(style: .plain, time: LocalTime(zone: .gmt))
        let line = looks.plainLines(of: entry)
        #expect(line.hasPrefix("1970-01-01 00:00 ann in Lake"))
        #expect(line.hasSuffix(" (goes after 1h): Hi"))
        #expect(!line.unicodeScalars.contains("\u{1B}"))
        #expect(looks.rows(of: entry, width: 60) == ["00:00 ann: Hi  ⏱ 1h"])
    }

    @Test("What somebody did to a group is said after his name")
    func events() {
        #expect(GroupEvent.added("bob").words == "added bob")
        #expect(GroupEvent.removed(nil).words == "removed somebody unknown here")
        #expect(GroupEvent.role("bob", .admin).words == "made bob an admin")
    }
}
