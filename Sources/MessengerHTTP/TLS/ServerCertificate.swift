import Crypto
import Foundation
import Logging
import MessengerCore
import NIOSSL
import SwiftASN1
import X509

/// The pair `certificate.pem` and `private_key.pem` of a folder.
public struct ServerCertificate: Sendable {
    public enum Failure: Error, CustomStringConvertible {
        case halfMissing(present: String, missing: String)
        case unreadable(path: String, reason: String)
        case expired(path: String, Date)

        public var description: String {
            switch self {
            case .halfMissing(let present, let missing):
                "\(present) is there but \(missing) is not; add it, or remove both for a self-signed pair"
            case .unreadable(let path, let reason): "\(path) cannot be used: \(reason)"
            case .expired(let path, let date):
                "\(path) has expired on \(date.ISO8601Format()); replace it, or remove both files for a self-signed pair"
            }
        }
    }

    private static let selfSignedLifetime = TimeInterval(825 * 86_400)

    private let certificatePath: String
    private let keyPath: String

    /// - Parameter folder: made, with a self-signed pair, when neither file is there.
    public init(folder: String, logger: Logger) throws {
        certificatePath = folder + "/certificate.pem"
        keyPath = folder + "/private_key.pem"
        let files = FileManager.default
        switch (files.fileExists(atPath: certificatePath), files.fileExists(atPath: keyPath)) {
        case (true, true): break
        case (true, false): throw Failure.halfMissing(present: certificatePath, missing: keyPath)
        case (false, true): throw Failure.halfMissing(present: keyPath, missing: certificatePath)
        case (false, false):
            do {
                try files.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                let fingerprint = try Self.makeSelfSigned(certificatePath, keyPath)
                logger.notice(
                    "Made a self-signed certificate; clients must trust it, or be told its fingerprint",
                    metadata: ["certificate": "\(certificatePath)", "sha256": "\(fingerprint)"])
            } catch {
                throw Failure.unreadable(path: folder, reason: "a self-signed pair cannot be written (\(error))")
            }
        }
    }

    /// When the folder's certificate ends; nil when there is no pair yet. Makes none. Throws `Failure`.
    public static func expiry(folder: String) throws -> Date? {
        let names = ["certificate.pem", "private_key.pem"]
        guard names.contains(where: { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }) else { return nil }
        let pair = try ServerCertificate(folder: folder, logger: Logger(label: "check") { _ in SwiftLogNoOpLogHandler() })
        _ = try pair.tlsConfiguration()
        return try NIOSSLCertificate.fromPEMFile(pair.certificatePath).first.map {
            Date(timeIntervalSince1970: TimeInterval($0.notValidAfter))
        }
    }

    /// TLS 1.2 and 1.3 with this pair. Throws `Failure`.
    public func tlsConfiguration() throws -> TLSConfiguration {
        let chain = try Self.reading(certificatePath) { try NIOSSLCertificate.fromPEMFile($0) }
        guard let leaf = chain.first else { throw Failure.unreadable(path: certificatePath, reason: "it holds no certificate") }
        let end = Date(timeIntervalSince1970: TimeInterval(leaf.notValidAfter))
        guard end > Date() else { throw Failure.expired(path: certificatePath, end) }
        let key = try Self.reading(keyPath) { try NIOSSLPrivateKey(file: $0, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        // A client that does not answer close_notify must not hold up the end of the server.
        configuration.shutdownTimeout = .milliseconds(500)
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw Failure.unreadable(path: keyPath, reason: "it does not belong to \(certificatePath) (\(error))")
        }
        return configuration
    }

    private static func reading<Value>(_ path: String, _ read: (String) throws -> Value) throws -> Value {
        do { return try read(path) } catch { throw Failure.unreadable(path: path, reason: "\(error)") }
    }

    private static func makeSelfSigned(_ certificatePath: String, _ keyPath: String) throws -> String {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("messenger") }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now - 3_600,
            notValidAfter: now + selfSignedLifetime, issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([
                    .dnsName("localhost"), .dnsName(ProcessInfo.processInfo.hostName),
                    .ipAddress(.init(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(.init(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
                ])
            }, issuerPrivateKey: .init(key))
        // The key first: with only a key the next start fails with a clear message, and nothing is served unprotected.
        try writePrivately(key.pemRepresentation, to: keyPath)
        try certificate.serializeAsPEM().pemString.write(toFile: certificatePath, atomically: true, encoding: .utf8)
        var der = DER.Serializer()
        try certificate.serialize(into: &der)
        return SHA256.hash(data: der.serializedBytes).map { String(format: "%02X", $0) }.joined(separator: ":")
    }

    /// Readable by its owner alone from the first byte on.
    private static func writePrivately(_ text: String, to path: String) throws {
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteNoPermission) }
    }
}
