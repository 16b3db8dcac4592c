/// Where the store of one account on one device is: a folder of its own, readable by its owner alone.
public struct StoreLocation: Sendable, CustomStringConvertible, CustomReflectable {
    public let folder: String
    /// What opens the store. Without one its key lies beside it in a file, and who can read the folder can read everything.
    let passphrase: String?

    public init(folder: String, passphrase: String? = nil) {
        self.folder = folder
        self.passphrase = passphrase
    }

    var keyPath: String { folder + "/store.key" }
    var databasePath: String { folder + "/store.sqlite" }
    var lockPath: String { folder + "/store.lock" }

    public var description: String { folder }
    public var customMirror: Mirror { Mirror(self, children: ["folder": folder]) }
}
