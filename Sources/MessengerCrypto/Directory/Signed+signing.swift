import KeyLog

extension Signed {
    public init(_ object: Object, by key: SigningKey, server: ServerID) throws {
        self.init(object, signature: try key.signature(Object.label, server: server, object.bytes))
    }
}
