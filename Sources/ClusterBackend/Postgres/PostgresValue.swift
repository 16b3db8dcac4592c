import MessengerCore

/// A parameter of a statement, in PostgreSQL's binary format.
enum PostgresValue: Sendable {
    case int(Int64)
    case bool(Bool)
    /// No U+0000: PostgreSQL's `text` refuses it.
    case text(String)
    case bytes([UInt8])
    case null(of: ElementType)
    case ints([Int64])
    case bools([Bool])
    case texts([String])
    case byteStrings([[UInt8]])
    case optionalInts([Int64?])
    case array(of: ElementType, [StoredValue])

    /// Types by their object ids (`pg_type.dat`).
    enum ElementType: UInt32 {
        case bool = 16
        case bytes = 17
        case int = 20
        case text = 25

        var array: UInt32 {
            switch self {
            case .bool: 1_000
            case .bytes: 1_001
            case .text: 1_009
            case .int: 1_016
            }
        }
    }

    static func id(_ id: some RawRepresentable<Int64>) -> PostgresValue { .int(id.rawValue) }
    static func ids(_ ids: some Sequence<some RawRepresentable<Int64>>) -> PostgresValue { .ints(ids.map(\.rawValue)) }

    var type: UInt32 {
        switch self {
        case .int: ElementType.int.rawValue
        case .bool: ElementType.bool.rawValue
        case .text: ElementType.text.rawValue
        case .bytes: ElementType.bytes.rawValue
        case .null(let type): type.rawValue
        case .ints, .optionalInts: ElementType.int.array
        case .bools: ElementType.bool.array
        case .texts: ElementType.text.array
        case .byteStrings: ElementType.bytes.array
        case .array(let type, _): type.array
        }
    }

    /// Nil stands for NULL.
    var encoded: [UInt8]? {
        switch self {
        case .int(let value): return Self.bigEndian(value)
        case .bool(let value): return [value ? 1 : 0]
        case .text(let value): return Array(value.utf8)
        case .bytes(let value): return value
        case .null: return nil
        case .ints(let values): return Self.array(of: .int, values) { Self.append(Int64($0), to: &$1) }
        case .optionalInts(let values):
            return Self.array(of: .int, values) { value, bytes in
                guard let value else { return false }
                Self.append(value, to: &bytes)
                return true
            }
        case .bools(let values): return Self.array(of: .bool, values) { $1.append($0 ? 1 : 0) }
        case .texts(let values): return Self.array(of: .text, values) { $1.append(contentsOf: $0.utf8) }
        case .byteStrings(let values): return Self.array(of: .bytes, values) { $1.append(contentsOf: $0) }
        case .array(let type, let values):
            return Self.array(of: type, values) { value, bytes in
                switch value {
                case .null: return false
                case .int(let number) where type == .bool: bytes.append(number == 0 ? 0 : 1)
                case .int(let number): Self.append(number, to: &bytes)
                case .bytes(let value): bytes.append(contentsOf: value)
                }
                return true
            }
        }
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian, Array.init)
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func array<Element>(
        of type: ElementType, _ elements: [Element], _ encode: (Element, inout [UInt8]) -> Void
    ) -> [UInt8] {
        array(of: type, elements) { element, bytes in
            encode(element, &bytes)
            return true
        }
    }

    /// One dimension from 1 on (`array_send`). `encode` returns false for NULL.
    private static func array<Element>(
        of type: ElementType, _ elements: [Element], _ encode: (Element, inout [UInt8]) -> Bool
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        append(Int32(elements.isEmpty ? 0 : 1), to: &bytes)
        append(Int32(1), to: &bytes)
        append(type.rawValue, to: &bytes)
        guard !elements.isEmpty else { return bytes }
        append(Int32(elements.count), to: &bytes)
        append(Int32(1), to: &bytes)
        for element in elements {
            let place = bytes.count
            append(Int32(0), to: &bytes)
            let isThere = encode(element, &bytes)
            let length = isThere ? Int32(bytes.count - place - 4) : -1
            withUnsafeBytes(of: length.bigEndian) { length in
                for index in 0..<4 { bytes[place + index] = length[index] }
            }
        }
        return bytes
    }
}
