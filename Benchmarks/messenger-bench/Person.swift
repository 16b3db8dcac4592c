import Foundation

/// A session, as `messenger-server admin mint-sessions` prints it.
struct Person: Decodable, Sendable {
    let id: Int64
    let name: String
    let token: String

    enum CodingKeys: String, CodingKey {
        case token
        case id = "user_id"
        case name = "username"
    }

    static func load(_ path: String) throws -> [Person] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Person.self, from: Data($0.utf8))
        }
    }
}
