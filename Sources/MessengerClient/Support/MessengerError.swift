import KeyLog
import MessengerCrypto

/// Why something cannot be done. The text is for a person and says nothing that is secret.
public enum MessengerError: Error, Sendable, Equatable, CustomStringConvertible {
    case wrongCredentials
    case usernameTaken
    case unknownUser(String)
    /// The user has no device that messages can be encrypted to.
    case noKeys(String)
    /// This device is not yet, or no longer, one of its account.
    case notCertified
    /// Only a device that holds the account key can do this.
    case accountKeyNotHere
    /// The name has another account than the one known before. Nothing is sent until the person accepts it.
    case newAccount(String)
    /// The contact is verified, and a device of one of both is not post-quantum. Nothing is sent until the person agrees.
    case notPostQuantum(String)
    /// Another program has opened this device's stream.
    case replaced
    case loggedOut
    /// The server did not answer; what was tried can be tried again.
    case unreachable(String)
    case server(status: Int, detail: String)
    /// The key log contradicts itself or what was seen of it before. Nothing more is believed.
    case logContradiction(LogError)
    case note(NoteError)
    /// What the server says of this user's devices is not what the user signed, or not what is in the key log.
    case directory(String, DirectoryError)
    /// The log has no fresh signature, so nobody new is written to.
    case staleLog
    /// Another installation answers than the one that this store belongs to.
    case otherInstallation
    /// The passphrase is wrong, or one is needed.
    case storeLocked
    case storeInUse
    case noStore
    case storeExists
    case store(String)
    case notFound
    /// This account is not, or no longer, in the group.
    case notInGroup(String)
    /// Only an admin of the group can do this.
    case notAdmin
    case linkExpired
    case linkWrong
    case backup(ChunkedError)
    /// The server has the file of a message no more, or never had it.
    case attachmentGone
    /// The file of a message is not the one that was sent.
    case attachment(ChunkedError)
    /// A file of the person's cannot be used.
    case file(String)
    case invalid(String)
    case closed

    public var description: String {
        switch self {
        case .wrongCredentials: "Incorrect username or password."
        case .usernameTaken: "The username or phone number is taken."
        case .unknownUser(let name): "There is no user \(name)."
        case .noKeys(let name): "\(name) has no device yet that can read encrypted messages."
        case .notCertified: "This device does not belong to its account: link it from another device, or use the recovery secret."
        case .accountKeyNotHere: "This needs a device that holds the account key."
        case .newAccount(let name): "\(name) has a new account. Compare the safety number, then accept it."
        case .notPostQuantum(let name):
            "Not every device in the conversation with \(name) is post-quantum. Nothing is sent until you agree."
        case .replaced: "Another program has taken over this device."
        case .loggedOut: "This device was logged out."
        case .unreachable(let reason): "The server cannot be reached (\(reason))."
        case .server(let status, let detail): "The server refused: \(detail) (\(status))"
        case .logContradiction(let error): "\(error) Somebody may be deceiving you: nothing more is sent."
        case .note(let error): "\(error) Somebody may be deceiving you: nothing more is sent."
        case .directory(let name, let error): "\(name): \(error)"
        case .staleLog: "The server has not confirmed its key log for an hour, so nobody new is written to."
        case .otherInstallation: "Another server answers at this address than before."
        case .storeLocked: "The passphrase is wrong, or one is needed."
        case .storeInUse: "Another program is using this account's store."
        case .noStore: "There is no account here yet."
        case .storeExists: "There is an account here already."
        case .store(let reason): "The local store cannot be used: \(reason)."
        case .notFound: "There is no such message or group."
        case .notInGroup(let name): "You are not in \(name) any more."
        case .notAdmin: "Only an admin of the group can do this."
        case .linkExpired: "The link has expired; begin anew."
        case .linkWrong: "The code is wrong, or the server changed what the new device sent."
        case .backup(let error): error.description
        case .attachmentGone: "The server does not have this file any more."
        case .attachment(let error): error.description
        case .file(let reason): reason
        case .invalid(let reason): reason
        case .closed: "This account was closed."
        }
    }

    /// Something about one receiver that may change: what is for others goes on.
    var concernsOneReceiver: Bool {
        switch self {
        case .newAccount, .unknownUser, .noKeys, .staleLog, .directory, .server, .unreachable: true
        default: false
        }
    }
}
