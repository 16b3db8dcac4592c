import MessengerAPI

/// A running process of a scaled-out installation, from its registration until that runs out; never given out again.
public struct NodeID: IntegerIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}
