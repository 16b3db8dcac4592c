/// A message whose text says which one it is, and shows when it was altered.
struct ScenarioMessage: Sendable {
    let id: String
    let sequence: Int
    let text: String

    /// Texts differ in length, and hold what is hard to keep: quotes, backslashes, line breaks, U+0000.
    init(writer: String, sequence: Int) {
        self.sequence = sequence
        id = "\(writer)-\(sequence)"
        let length = sequence % 100 == 0 ? 20_000 : sequence % 7 * 10
        text = "\(id) " + String(repeating: "\"\\\n\u{0} ", count: length / 5)
    }

    /// The id in a text that arrived; for an altered text, something that was never sent.
    static func id(in text: String) -> String {
        let id = String(text.prefix { $0 != " " })
        guard let dash = id.lastIndex(of: "-"), let sequence = Int(id[id.index(after: dash)...]),
            ScenarioMessage(writer: String(id[..<dash]), sequence: sequence).text.utf8.elementsEqual(text.utf8)
        else { return "altered: \(text.prefix(80))" }
        return id
    }
}
