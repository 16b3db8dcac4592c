/// The place of a message in this device's history. It says nothing on another device.
public struct HistoryPosition: Sendable, Hashable, Comparable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: HistoryPosition, right: HistoryPosition) -> Bool { left.rawValue < right.rawValue }
}
