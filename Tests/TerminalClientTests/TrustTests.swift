import Foundation
import MessengerClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TrustTests {
    @Test func `A fingerprint is read as it is written, and as openssl writes it`() throws {
        let fingerprint = CertificateFingerprint(der: [1, 2, 3])
        let text = "03:90:58:C6:F2:C0:CB:49:2C:53:3B:0A:4D:14:EF:77:CC:0F:78:AB:CC:CE:D5:28:7D:84:A1:A2:01:1C:FB:81"
        #expect(fingerprint.description == text)
        #expect(CertificateFingerprint(text) == fingerprint)
        #expect(CertificateFingerprint(text.lowercased().replacing(":", with: "")) == fingerprint)
        #expect(CertificateFingerprint(String(text.dropLast())) == nil)
        #expect(CertificateFingerprint(text.replacing("A", with: "G")) == nil)
        #expect(CertificateFingerprint("") == nil)
    }

    @Test func `A server with a certificate of its own making shows it, and no authority vouches for it`() async throws {
        try await TestServer.run({ $0.tls = true }) { server in
            let seen = try await CertificateProbe.present(host: "127.0.0.1", port: server.port)
            #expect(!seen.isTrustedBySystem)
            let openssl = try await openSSL(server.folder.path + "/cert/certificate.pem")
            #expect(openssl.contains(seen.fingerprint.description), "\(openssl)")
            #expect(try await CertificateProbe.present(host: "localhost", port: server.port).fingerprint == seen.fingerprint)
        }
    }

    @Test func `Who speaks no TLS, or does not answer, is said to be away`() async throws {
        try await TestServer.run { server in
            _ = await #expect(throws: CertificateProbe.Unreachable.self) {
                try await CertificateProbe.present(host: "127.0.0.1", port: server.port, timeout: .seconds(2))
            }
        }
        await #expect(throws: CertificateProbe.Unreachable.self) {
            try await CertificateProbe.present(host: "127.0.0.1", port: 1, timeout: .seconds(2))
        }
    }

    private func openSSL(_ path: String) async throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = ["x509", "-in", path, "-noout", "-fingerprint", "-sha256"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: output, as: UTF8.self)
    }
}
