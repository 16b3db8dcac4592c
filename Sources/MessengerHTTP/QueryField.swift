import Foundation

/// One field of a URL's query, as forms encode it: a plus is a space.
enum QueryField {
    /// The first of that name; nil when there is none. Throws 400 for a value that is not percent-encoded UTF-8.
    static func value(of name: String, in query: String?) throws(APIError) -> String? {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard decoded(parts[0]) == name else { continue }
            guard let value = decoded(parts.count == 2 ? parts[1] : "") else {
                throw .validation(field: name, "Not percent-encoded UTF-8.")
            }
            return value
        }
        return nil
    }

    private static func decoded(_ text: Substring) -> String? { text.replacing("+", with: " ").removingPercentEncoding }
}
