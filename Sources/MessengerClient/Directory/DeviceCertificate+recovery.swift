import KeyLog

extension DeviceCertificate {
    /// It holds the account key and is not the first device: it came by the recovery secret.
    var hasReplacedDevice: Bool { flags.contains(.holdsAccountKey) && firstSeq > 1 }
}
