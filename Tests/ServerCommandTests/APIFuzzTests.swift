import Foundation
import TestSupport
import Testing

/// schemathesis makes requests from the served description, good and bad ones, and holds every answer against it: no 5xx, no
/// status, header or body that is not described. `FUZZ_EXAMPLES` and `FUZZ_SEED` make it longer and different.
@Suite(.timeLimit(.minutes(60)))
struct APIFuzzTests {
    private static let here = URL(filePath: #filePath).deletingLastPathComponent()
    /// Installed by `script/setup --tests`.
    private static let tool = here.appending(path: "../../.build-tools/bin/schemathesis").standardized.path
    private static let hooks = here.appending(path: "schemathesis_hooks.py").path
    private static let password = "correct horse"

    private static func setting(_ name: String, usually value: String) -> String {
        ProcessInfo.processInfo.environment[name] ?? value
    }

    /// The people whom the description's examples speak of; the token of the first.
    private func makePeople(_ client: TestClient) async throws -> String {
        for (index, name) in ["ann", "bob", "cleo"].enumerated() {
            let fields = ["username": name, "phone_number": "+1 555 900\(index)", "password": Self.password]
            #expect(try await client.post("/api/users/", fields).status == 201)
        }
        let login = ["username": "ann", "password": Self.password, "user_address": "", "public_key": ""]
        return try #require(try await client.post("/api/login/", login).json["token"] as? String)
    }

    /// Calls that end the session are a run of their own: after them there is little to find.
    @Test(arguments: [
        ["--header", "Accept: application/json", "--exclude-operation-id", "deleteUser", "--exclude-operation-id", "logOut"],
        ["--exclude-operation-id", "deleteUser", "--exclude-operation-id", "logOut"],
        ["--include-operation-id", "deleteUser", "--include-operation-id", "logOut"],
    ])
    func `What the description makes up is answered as it says`(arguments: [String]) async throws {
        try await ServerProcess.run(["--no-tls"]) { server in
            let token = try await makePeople(TestClient(server.url))
            let output = try await ChildProcess.run(
                Self.tool,
                ["--config-file", Self.here.appending(path: "schemathesis.toml").path, "run", server.url + "/api/openapi.yaml"]
                    + ["--url", server.url, "--header", "Authorization: Bearer \(token)"]
                    + ["--seed", Self.setting("FUZZ_SEED", usually: "1")]
                    + ["--max-examples", Self.setting("FUZZ_EXAMPLES", usually: "5")]
                    + ["--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "10"] + arguments,
                environment: ServerBinary.environment.merging(["SCHEMATHESIS_HOOKS": Self.hooks]) { $1 },
                folder: server.folder.url, within: .seconds(3_000))
            #expect(output.code == 0, "\(output.standard)\(output.error)")
            #expect(output.standard.contains(" passed"), "\(output.standard)")
            #expect(!server.log.contains(" ERROR "), "\(server.log)")
        }
    }
}
