/// Why a stream cannot be opened.
public enum ChunkedError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The key, or what it is for, is another one.
    case wrongKey
    /// Some bytes are not those that were written.
    case changed
    /// The end is missing, or there is something after it.
    case truncated
    case tooLong

    public var description: String {
        switch self {
        case .wrongKey: "This file was encrypted with another key."
        case .changed: "This file was changed or damaged."
        case .truncated: "This file is not complete."
        case .tooLong: "This file is too long."
        }
    }
}
