import Foundation
import MessengerClient

/// Getting to know a server: whether its certificate is vouched for, and if not, whether the person takes it.
enum ServerIntroduction {
    /// - Parameter fingerprint: what the person expects; then nobody is asked.
    /// - Throws: `CommandFailure` when the certificate is not the expected one, is refused, or there is nobody to ask.
    static func meet(_ text: String, fingerprint: String?, output: Output) async throws -> ServerAddress {
        var address: ServerAddress
        do { address = try ServerAddress(text) } catch { throw CommandFailure(error) }
        guard let (host, port) = place(address) else { return address }
        let seen: PresentedCertificate
        do {
            seen = try await CertificateProbe.present(host: host, port: port)
        } catch {
            throw CommandFailure(
                status: .serverAway, message: "\(error)", advice: "Is \(address.url) right, and does the server run?")
        }
        if let fingerprint {
            guard let expected = CertificateFingerprint(fingerprint) else {
                throw CommandFailure(
                    status: .usage, message: "--fingerprint takes 32 bytes in hexadecimal digits, colons between them")
            }
            guard expected == seen.fingerprint else { throw changed(from: expected, to: seen.fingerprint, at: address) }
            address.trust = .pinned(certificate: seen.bytes)
        } else if !seen.isTrustedBySystem {
            try ask(about: seen, at: address)
            address.trust = .pinned(certificate: seen.bytes)
            output.note("Remembered. Another certificate will be refused.")
        }
        return address
    }

    /// The failure to show when a server shows another certificate than the pinned one; nil when it shows that, or nothing.
    static func changedCertificate(of address: ServerAddress) async -> CommandFailure? {
        guard case .pinned(let certificate) = address.trust, let (host, port) = place(address),
            let seen = try? await CertificateProbe.present(host: host, port: port)
        else { return nil }
        let expected = CertificateFingerprint(der: certificate)
        return seen.fingerprint == expected ? nil : changed(from: expected, to: seen.fingerprint, at: address)
    }

    private static func changed(
        from expected: CertificateFingerprint, to presented: CertificateFingerprint, at address: ServerAddress
    ) -> CommandFailure {
        CommandFailure(
            status: .securityWarning,
            message: """
                \(address.url) shows another certificate than the one you trust.
                  expected \(expected)
                  it shows \(presented)
                Somebody may stand between you and the server. Nothing was sent.
                """,
            advice: """
                Ask whoever runs the server. If the certificate was replaced on purpose, log in again with the fingerprint
                that they tell you: messenger login --fingerprint FINGERPRINT
                """)
    }

    private static func ask(about seen: PresentedCertificate, at address: ServerAddress) throws {
        let text = """
            No authority vouches for the certificate of \(address.url). Its SHA-256 fingerprint is

              \(seen.fingerprint)

            Compare it with the one that the server logged when it made the certificate, or with
              openssl x509 -in cert/certificate.pem -noout -fingerprint -sha256
            """
        guard
            let isTaken = try Question.yesOrNo(text + "\nIs it the same?")
        else {
            throw CommandFailure(
                status: .securityWarning,
                message: "no authority vouches for the certificate of \(address.url), and nobody is here to compare it",
                advice: "If it is the right one, add --fingerprint \(seen.fingerprint)")
        }
        guard isTaken else { throw CommandFailure(status: .securityWarning, message: "the certificate was not accepted") }
    }

    /// Nil without TLS.
    private static func place(_ address: ServerAddress) -> (host: String, port: Int)? {
        guard let parts = URLComponents(string: address.url), parts.scheme == "https", let host = parts.host,
            let port = parts.port
        else { return nil }
        return (host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port)
    }
}
