import Glibc
import Synchronization

/// The text of the `Date` header (RFC 9110, 6.6.1), made once a second.
final class DateHeader: Sendable {
    private let state = Mutex<(second: Int, text: String)>((-1, ""))

    var text: String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let second = now.tv_sec
        return state.withLock { state in
            if state.second != second { state = (second, Self.format(second)) }
            return state.text
        }
    }

    static func format(_ second: Int) -> String {
        var second = second
        var time = tm()
        gmtime_r(&second, &time)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = [time.tm_hour, time.tm_min, time.tm_sec].map(two).joined(separator: ":")
        let month = months[Int(time.tm_mon)]
        return "\(days[Int(time.tm_wday)]), \(two(time.tm_mday)) \(month) \(time.tm_year + 1900) \(clock) GMT"
    }
}
