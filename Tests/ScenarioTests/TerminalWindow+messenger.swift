import Foundation
import TestSupport
import Testing

extension TerminalWindow {
    /// An environment in which the built programs are found.
    static let builtPrograms = [
        "PATH": URL(filePath: ServerBinary.path).deletingLastPathComponent().path + ":/usr/local/bin:/usr/bin:/bin"
    ]
    static let password = "correct horse"

    /// Registers somebody, answering what is asked. The recovery secret.
    @discardableResult
    func register(_ name: String, phone: String, on server: ServerProcess) async throws -> String {
        try await enter("export XDG_DATA_HOME=\(server.folder.path)/\(name); clear")
        try await enter("messenger register \(name) --server \(server.address) --phone '\(phone)'")
        try await acceptCertificate(of: server)
        try await shows("Password of \(name):")
        try await enter(Self.password)
        try await shows("Again:")
        try await enter(Self.password)
        let secret = try await writeDownSecret()
        try await enter("clear")
        return secret
    }

    func acceptCertificate(of server: ServerProcess) async throws {
        try await shows("Is it the same? [yes/no]")
        let fingerprint = try await server.fingerprint()
        #expect(try await screen().joined().contains(fingerprint))
        try await enter("yes")
    }

    /// Says that the recovery secret, which is shown, was written down. It.
    func writeDownSecret() async throws -> String {
        try await shows("Have you written it down?")
        let rows = try await screen()
        #expect(!rows.joined().contains("horse"), "the password is to be seen")
        let secret = rows.compactMap { $0.firstMatch(of: /([A-Z2-7]{4} ){13}[A-Z2-7]{4}/).map { String($0.output.0) } }.last
        try await enter("yes")
        try await shows(Self.prompt)
        return try #require(secret)
    }
}

extension ServerProcess {
    /// As `--server` takes it.
    var address: String { url.replacing("https://", with: "") }

    func fingerprint() async throws -> String {
        let result = try await ChildProcess.run(
            "openssl", ["x509", "-in", certificateFolder + "/certificate.pem", "-noout", "-fingerprint", "-sha256"])
        return result.standard.split(separator: "=").last.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
    }
}
