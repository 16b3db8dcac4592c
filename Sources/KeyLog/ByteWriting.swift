/// Appends big-endian fields.
extension [UInt8] {
    package mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    package mutating func append(_ value: some FixedBytes) { append(contentsOf: value.bytes) }
}
