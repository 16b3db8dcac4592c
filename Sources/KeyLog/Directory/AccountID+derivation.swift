extension AccountID {
    /// - Parameter firstKey: the public key of the account's first state.
    public init(server: ServerID, firstKey: SigningPublicKey) {
        self.init(unchecked: Label.hash("account", server.bytes, firstKey.bytes))
    }
}
