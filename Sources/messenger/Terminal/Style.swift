import Foundation
import Glibc

/// Colours, or none: they are for a terminal, and for people who did not refuse them (https://no-color.org).
struct Style: Sendable, Hashable {
    enum Role: String {
        case bold = "1"
        case dim = "2"
        case good = "32"
        case warning = "33"
        case danger = "1;31"
        case name = "36"
        case ownName = "34"
    }

    static let plain = Style(isColoured: false)

    let isColoured: Bool

    /// For what is written to a descriptor.
    static func of(descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) -> Style {
        Style(isColoured: isatty(descriptor) == 1 && wantsColours(environment))
    }

    static func wantsColours(_ environment: [String: String]) -> Bool {
        (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// - Parameter text: already harmless.
    func callAsFunction(_ role: Role, _ text: String) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m" : text
    }
}
