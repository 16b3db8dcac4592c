import Foundation

/// The time that the server sees of a message: cut to the minute, UTC.
enum SendDate {
    static func text(_ milliseconds: UInt64) -> String {
        let minute = Double(milliseconds / 60_000) * 60
        return Date(timeIntervalSince1970: minute).formatted(
            .iso8601.year().month().day().dateSeparator(.dash).dateTimeSeparator(.space).time(includingFractionalSeconds: false))
    }
}
