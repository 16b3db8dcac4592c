/// A point of the wall clock, in milliseconds since 1970.
public struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(milliseconds: Int64) { self.rawValue = milliseconds }

    public var seconds: Int64 { rawValue / 1000 }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.rawValue < right.rawValue }
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.rawValue + duration.milliseconds)
    }
    public static func - (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.rawValue - duration.milliseconds)
    }
    public static func - (left: Timestamp, right: Timestamp) -> Duration { .milliseconds(left.rawValue - right.rawValue) }
}
