import KeyLog

/// The envelope as it stands in `message`: base64 with padding, one text for each envelope.
public enum EnvelopeText {
    public static func text(_ envelope: [UInt8]) -> String { Base64.text(envelope) }

    /// Nil when it is not that: a plain client's text, perhaps.
    public static func envelope(_ text: String) -> [UInt8]? { Base64.bytes(text) }
}
