/// What can be read from a JSON body: strictly, and in one way on every path.
public protocol JSONReadable {
    /// Unknown members are ignored, `null` is as if it were not there. Throws `JSONError`.
    init(json: UnsafeRawBufferPointer) throws(JSONError)
}

extension JSONScanner {
    /// Reads a whole body that is to be an object.
    static func readBody(
        _ json: UnsafeRawBufferPointer, _ member: (String, inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) {
        var scanner = JSONScanner(json)
        try scanner.readObject(member)
        try scanner.end()
    }

    mutating func readObject(_ member: (String, inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        guard try kind() == .object else { throw .notAnObject }
        try object(member)
    }

    mutating func optionalString(_ field: String) throws(JSONError) -> String? {
        switch try kind() {
        case .string: return try string(of: field)
        case .null: return try skipNull()
        default: throw .wrongType(field: field)
        }
    }

    mutating func optionalInteger(_ field: String) throws(JSONError) -> Int64? {
        switch try kind() {
        case .number:
            guard let number = try integer() else { throw .wrongType(field: field) }
            return number
        case .null: return try skipNull()
        default: throw .wrongType(field: field)
        }
    }

    mutating func optionalBytes(_ field: String) throws(JSONError) -> Base64Bytes? {
        guard let text = try optionalString(field) else { return nil }
        guard let bytes = Base64Bytes(text: text) else { throw .notBase64(field: field) }
        return bytes
    }

    mutating func optionalByteStrings(_ field: String) throws(JSONError) -> [Base64Bytes]? {
        switch try kind() {
        case .array:
            var values: [Base64Bytes] = []
            try array { (index, scanner) throws(JSONError) in
                guard let value = try scanner.optionalBytes("\(field).\(index)") else {
                    throw .wrongType(field: "\(field).\(index)")
                }
                values.append(value)
            }
            return values
        case .null: return try skipNull()
        default: throw .wrongType(field: field)
        }
    }

    private mutating func string(of field: String) throws(JSONError) -> String {
        do throws(JSONError) {
            return try string()
        } catch {
            throw error == .loneSurrogate(field: nil) ? .loneSurrogate(field: field) : error
        }
    }

    private mutating func skipNull<Value>() throws(JSONError) -> Value? {
        try skipValue()
        return nil
    }
}

extension Optional {
    /// The value of a field that must be there.
    func orMissing(_ field: String) throws(JSONError) -> Wrapped {
        guard let self else { throw .missing(field: field) }
        return self
    }
}
