import MessengerAPI

/// Names one run of a process of a scaled-out installation; it is never given out again.
public struct NodeID: IntegerIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}
