import Foundation
import Testing

@Suite("What may see what", .timeLimit(.minutes(1)))
struct ImportRuleTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources")
    /// The targets on the side of the people who write.
    private static let clients: Set = ["MessengerCrypto", "MessengerClient", "messenger"]

    private static func imports(of target: String) throws -> Set<String> {
        let folder = sources.appending(path: target)
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        var imports: Set<String> = []
        for file in files where file.pathExtension == "swift" {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), words[..<place].allSatisfy({ !$0.hasPrefix("//") }) else {
                    continue
                }
                imports.formUnion(words[(place + 1)...].prefix(1).map(String.init))
            }
        }
        return imports
    }

    @Test("The server never imports what opens messages")
    func server() throws {
        let targets = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
        #expect(targets.contains("messenger-server") && targets.contains("MessengerCrypto"))
        for target in targets where !Self.clients.contains(target) {
            #expect(try !Self.imports(of: target).contains("MessengerCrypto"), "\(target)")
        }
    }

    @Test("The clients' cryptography knows no files and no network, and has its primitives from one library")
    func crypto() throws {
        #expect(try Self.imports(of: "KeyLog") == ["Crypto", "FoundationEssentials"])
        #expect(
            try Self.imports(of: "MessengerCrypto") == ["Crypto", "FoundationEssentials", "KeyLog", "MessengerAPI"])
    }
}
