import KeyLog

extension KeyRecord {
    public init(kind: Kind, account: AccountID, device: DeviceFingerprint, created: UInt64, key: KEMPrivateKey) {
        self.init(
            kind: kind, account: account, device: device, created: created, suite: key.suite, publicKey: key.publicKey)
    }
}
