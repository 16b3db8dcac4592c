import Crypto

extension NameLabel {
    /// - Parameters:
    ///   - username: normalised, as the server returns it.
    ///   - key: the name key of the log, which members get.
    public init(username: String, key: [UInt8]) {
        self.init(
            unchecked: Array(HMAC<SHA256>.authenticationCode(for: Array(username.utf8), using: SymmetricKey(data: key))))
    }
}
