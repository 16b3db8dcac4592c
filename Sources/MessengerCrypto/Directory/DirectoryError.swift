/// Why what the directory says of an account is not believed. Each is a reason to stop and to tell the person.
public enum DirectoryError: Error, Equatable, Sendable, CustomStringConvertible {
    case noStates
    /// A state that does not follow the one before it.
    case brokenChain(seq: UInt32)
    case wrongStateSignature(seq: UInt32)
    /// The log has another newest state.
    case notInLog
    /// A certificate that a state lists was not served.
    case certificateMissing
    /// A certificate of another account, or not signed with the account key.
    case wrongCertificate

    public var description: String {
        switch self {
        case .noStates: "The server does not know the devices of this account."
        case .brokenChain, .wrongStateSignature: "The device list of this account was not made by its owner."
        case .notInLog: "The device list of this account is not the one in the key log."
        case .certificateMissing: "The server did not serve all devices of this account."
        case .wrongCertificate: "A device of this account was not certified by its owner."
        }
    }
}
