/// Reads big-endian fields from the front of some bytes. What is not there is an error, never a trap.
package struct ByteReader {
    /// Fewer bytes than a field needs, or more than the last one took.
    package struct LengthError: Error {}

    private let bytes: [UInt8]
    package private(set) var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var remaining: Int { bytes.count - position }

    package mutating func take(_ count: Int) throws(LengthError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw LengthError() }
        defer { position += count }
        return bytes[position..<position + count]
    }

    package mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
        _ type: Value.Type = Value.self
    ) throws(LengthError) -> Value {
        var value: Value = 0
        for byte in try take(Value.bitWidth / 8) { value = (value << 8) | Value(truncatingIfNeeded: byte) }
        return value
    }

    package mutating func fixed<Value: FixedBytes>(_ type: Value.Type = Value.self) throws(LengthError) -> Value {
        Value(unchecked: Array(try take(Value.byteCount)))
    }

    /// Nothing may be left.
    package func end() throws(LengthError) {
        if remaining != 0 { throw LengthError() }
    }
}
