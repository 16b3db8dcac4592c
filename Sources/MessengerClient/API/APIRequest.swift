/// One call of the server's API. It shows nothing of its token and body.
struct APIRequest: Sendable, CustomStringConvertible {
    var method: String
    /// With its query.
    var path: String
    var headers: [String: String] = [:]
    var body: [UInt8]?
    var token: String?

    var description: String { "\(method) \(path.prefix { $0 != "?" })" }
}
