import Foundation

/// Test vectors that come with the checkout of swift-crypto: Wycheproof's, RFC 9180's and those of the X-Wing draft.
enum PublishedVectors {
    struct NotFound: Error {}

    /// The folder `Tests` of swift-crypto, beside the build products that this test belongs to.
    private static func folder() throws -> URL {
        let program = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let starts = [program, URL(filePath: CommandLine.arguments[0]), URL(filePath: #filePath)]
        for start in starts {
            var folder = start
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                for base in [folder, folder.appending(path: ".build")] {
                    let tests = base.appending(path: "checkouts/swift-crypto/Tests")
                    if FileManager.default.fileExists(atPath: tests.path) { return tests }
                }
            }
        }
        throw NotFound()
    }

    static func load<Value: Decodable>(_ path: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: folder().appending(path: path)))
    }
}
