import Foundation

/// The commands of a page's walk-through, and what they should print.
struct WalkThrough {
    struct Missing: Error {
        let what: String
    }

    private static let begin = "<!-- walk-through -->"
    private static let end = "<!-- /walk-through -->"

    /// All `bash` blocks, as one script.
    let script: String
    /// The lines of all `text` blocks.
    let expected: [String]

    init(page: URL) throws {
        let lines = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n")
        guard let begin = lines.firstIndex(of: Self.begin), let end = lines[begin...].firstIndex(of: Self.end) else {
            throw Missing(what: "\(Self.begin) … \(Self.end) in \(page.path)")
        }
        var blocks: [String: [String]] = [:]
        var kind: String?
        for line in lines[begin..<end] {
            if line.hasPrefix("```") {
                kind = kind == nil ? String(line.dropFirst(3)) : nil
            } else if let kind {
                blocks[kind, default: []].append(line)
            }
        }
        script = (blocks["bash"] ?? []).joined(separator: "\n")
        expected = (blocks["text"] ?? []).filter { !$0.isEmpty }
        if script.isEmpty || expected.isEmpty { throw Missing(what: "bash and text blocks in \(page.path)") }
    }

    /// The first expected line that is not in the output after the one before it.
    func missing(in output: String) -> String? {
        var rest = output.split(separator: "\n")[...]
        for line in expected {
            guard let found = rest.firstIndex(where: { $0 == line }) else { return line }
            rest = rest[(found + 1)...]
        }
        return nil
    }
}
