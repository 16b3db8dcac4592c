extension StateHash {
    public init(of state: AccountState) { self.init(unchecked: Label.hash("state-hash", state.bytes)) }
}
