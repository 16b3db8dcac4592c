import Foundation
import KeyLog

@testable import MessengerCrypto

/// One of the files in `docs/vectors`.
struct VectorFile {
    typealias Object = [String: Any]

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/vectors")

    let name: String
    let content: Object

    /// Sorted and indented, so that a change is a readable difference.
    func text() throws -> String {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try JSONSerialization.data(withJSONObject: content, options: options), as: UTF8.self) + "\n"
    }

    func write(to folder: URL) throws {
        try text().write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }

    static func read(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
}

extension FixedBytes {
    var hex: String { description }
}

extension [UInt8] {
    var hex: String { Hexadecimal.text(self) }
}

extension SecretBytes {
    var hex: String { exposed.hex }
}
