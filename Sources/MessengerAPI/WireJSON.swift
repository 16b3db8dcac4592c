import Foundation

/// How the API's JSON is written: slashes as they are, no white space, keys in order, so that what is sent again is the
/// same to the byte.
public enum WireJSON {
    /// The types of this module have nothing that could fail to encode.
    public static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        do {
            return Array(try encoder.encode(value))
        } catch {
            preconditionFailure("\(type(of: value)) cannot be encoded: \(error)")
        }
    }
}
