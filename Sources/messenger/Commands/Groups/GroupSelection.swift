import KeyLog
import MessengerClient

/// A group as somebody writes it: its name, or the first digits of its id.
struct GroupSelection: Sendable {
    private static let fewestDigits = 6

    let name: String

    /// Throws `CommandFailure` when none or several fit.
    func find(_ messenger: Messenger) async throws -> Group {
        let groups = try await messenger.groups()
        var found = groups.filter { $0.name == name }
        if found.count > 1 { found = found.filter(\.isMember) }
        if found.isEmpty, name.count >= Self.fewestDigits {
            found = groups.filter { $0.id.description.hasPrefix(name.lowercased()) }
        }
        guard found.count == 1 else {
            throw CommandFailure(
                status: found.isEmpty ? .unknownPerson : .refused,
                message: found.isEmpty ? "there is no group \(name) here" : "several groups are called \(name)",
                advice: found.isEmpty
                    ? "`messenger inbox` fetches what came; `messenger group list` shows the groups."
                    : "Write the first digits of its id: "
                        + found.map { String($0.id.description.prefix(8)) }.joined(separator: ", "))
        }
        return found[0]
    }
}
