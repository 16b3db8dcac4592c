import MessengerCrypto

/// A new account, and the secret that brings it back when all devices are lost: to be shown once and written down.
public struct Registration: Sendable {
    public let messenger: Messenger
    public let recoverySecret: RecoverySecret
}
