import Foundation

/// A username that the contract allows: NFC, 1 to 64 Unicode scalars, none of them a control, line separator,
/// bidirectional or unassigned character, no space at its edges. Compared as bytes.
public struct Username: Hashable, Sendable, CustomStringConvertible {
    public static let maximumLength = 64
    public let text: String

    /// Nil when the text, once normalised, is not allowed.
    public init?(_ text: String) {
        let normalised = text.precomposedStringWithCanonicalMapping
        let scalars = normalised.unicodeScalars
        guard (1...Self.maximumLength).contains(scalars.count), scalars.allSatisfy(Self.isAllowed),
            let first = scalars.first, let last = scalars.last,
            !first.properties.isWhitespace, !last.properties.isWhitespace
        else { return nil }
        self.text = normalised
    }

    public var description: String { text }

    /// Whether the text, once normalised, is this name.
    public func isSame(as text: String) -> Bool { text.utf8.elementsEqual(self.text.utf8) || Username(text) == self }

    /// Byte by byte: Swift's own `==` on strings takes canonically equivalent text for the same.
    public static func == (left: Username, right: Username) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate: return false
        default: return !scalar.properties.isBidiControl
        }
    }
}
