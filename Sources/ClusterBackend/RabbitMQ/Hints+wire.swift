import MessengerAPI
import MessengerCore

/// A message on the wire: one byte of version, three counts of 32 bits (news, try now, moved), then that many ids of 64 bits
/// each; all big-endian.
extension Hints {
    /// The most ids in one message; a message beyond it comes from nobody we know.
    static let maximumPerMessage = 4_000
    private static let version: UInt8 = 1
    private static let headLength = 1 + 3 * MemoryLayout<UInt32>.size
    private static let idLength = MemoryLayout<Int64>.size

    /// Its message; it must name no more than `maximumPerMessage` ids.
    var wire: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(Self.headLength + count * Self.idLength)
        func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) } }
        for count in [news.count, tryNow.count, moved.count] { append(UInt32(count)) }
        for id in news { append(id.rawValue) }
        for id in tryNow { append(id.rawValue) }
        for id in moved { append(id.rawValue) }
        return bytes
    }

    /// Nil for another version and for anything that no encoder made.
    init?(wire: UnsafeRawBufferPointer) {
        guard wire.count >= Self.headLength, wire[0] == Self.version else { return nil }
        func load<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
            Value(bigEndian: wire.loadUnaligned(fromByteOffset: offset, as: type))
        }
        let counts = (0..<3).map { Int(load(UInt32.self, at: 1 + $0 * MemoryLayout<UInt32>.size)) }
        let total = counts.reduce(0, +)
        guard total <= Self.maximumPerMessage, wire.count == Self.headLength + total * Self.idLength else { return nil }

        var offset = Self.headLength
        func take<ID: IntegerIdentifier>(_ count: Int) -> Set<ID> {
            defer { offset += count * Self.idLength }
            return Set((0..<count).map { ID(load(Int64.self, at: offset + $0 * Self.idLength)) })
        }
        self.init(news: take(counts[0]), tryNow: take(counts[1]), moved: take(counts[2]))
    }
}
