import Foundation
import TestSupport
import Testing

/// Certificates that cannot be served with: the start fails, and says which file is wrong and why.
@Suite(.timeLimit(.minutes(5)))
struct CertificateTests {
    /// Good for one day in 2020; a pair of this test's own.
    private static let expired = (
        certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBFDCBu6ADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCW1lc3Nlbmdl
        cjAeFw0yMDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBQxEjAQBgNVBAMMCW1l
        c3NlbmdlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABM1J/WAHAecM12t+jEL2
        eds0KOywiKfMDW4KG6fxI5sYl8iLpXqdew4bAZOvygu4LX7ceOQZJ8niuk7FEAvF
        KAgwCgYIKoZIzj0EAwIDSAAwRQIgGoseW3qS+3/GZI9z7NyRhnSj6FY37BRaJhHw
        LEz/SsgCIQDz4DiUkpCDPwMYFKRaUDmngMMbn/CGZ4MdfP1rr8Zb0g==
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguYrDl5rDkzURm00E
        b33ptswjt1blFuGW9yNaKg0ElumhRANCAATNSf1gBwHnDNdrfoxC9nnbNCjssIin
        zA1uChun8SObGJfIi6V6nXsOGwGTr8oLuC1+3HjkGSfJ4rpOxRALxSgI
        -----END PRIVATE KEY-----
        """
    )

    private func refusal(certificate: String, key: String) async throws -> String {
        let folder = try TemporaryFolder()
        let pair = folder.path + "/cert"
        try FileManager.default.createDirectory(atPath: pair, withIntermediateDirectories: true)
        try certificate.write(toFile: pair + "/certificate.pem", atomically: true, encoding: .utf8)
        try key.write(toFile: pair + "/private_key.pem", atomically: true, encoding: .utf8)
        let check = try await ServerBinary.run(["check", "--port", "0", "--cert-dir", pair], folder: folder.url)
        #expect(check.code == 1 && check.standard.contains("wrong  certificate: \(pair)/"), "\(check.standard)")
        do {
            try await ServerProcess.run(folder: folder) { _ in }
        } catch let error as ServerProcess.EndedEarly {
            #expect(error.code > 0)
            return error.log.split(separator: "\n").last.map(String.init) ?? ""
        }
        Issue.record("the server has started")
        return ""
    }

    @Test func `An expired certificate is refused with its date`() async throws {
        let refusal = try await refusal(certificate: Self.expired.certificate, key: Self.expired.key)
        #expect(refusal.hasPrefix("Error: ") && refusal.contains("/certificate.pem has expired on 2020-01-02"), "\(refusal)")
    }

    @Test func `The key of another certificate is refused`() async throws {
        let folder = try TemporaryFolder()
        try await ServerProcess.run(folder: folder) { _ = try await $0.terminate() }
        let certificate = try String(contentsOfFile: folder.path + "/cert/certificate.pem", encoding: .utf8)
        let refusal = try await refusal(certificate: certificate, key: Self.expired.key)
        #expect(refusal.contains("/private_key.pem cannot be used: it does not belong to "), "\(refusal)")
    }

    @Test(arguments: ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func `A certificate that is none is refused`(certificate: String) async throws {
        let refusal = try await refusal(certificate: certificate, key: Self.expired.key)
        #expect(refusal.hasPrefix("Error: ") && refusal.contains("/certificate.pem"), "\(refusal)")
    }
}
