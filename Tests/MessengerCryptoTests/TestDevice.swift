import KeyLog

@testable import MessengerCrypto

/// A device with its keys, of which everything follows from its name.
struct TestDevice {
    let key: SigningKey
    let certificate: DeviceCertificate
    let rotating: KEMPrivateKey
    let record: Signed<KeyRecord>

    var fingerprint: DeviceFingerprint { certificate.device }
    var keyID: KeyID { KeyID(of: record.object) }
    var suite: KEMSuite { rotating.suite }

    func opener(in world: TestWorld) -> EnvelopeOpener {
        EnvelopeOpener(server: world.server, account: certificate.account, device: fingerprint, suite: suite)
    }

    /// What this device has: its one rotating key.
    func privateKey(_ id: KeyID) -> KEMPrivateKey? { id == keyID ? rotating : nil }
}
