/// Answer of `GET /api/keys/`: everything that is published of an account. None of it is to be believed unverified.
public struct KeysResponse: Codable, Sendable {
    public struct Device: Codable, Sendable {
        /// The 16 bytes that name the device.
        public let device: Base64Bytes
        /// Its signed KeyRecord; nil until it has published one.
        public let rotating: Base64Bytes?

        public init(device: Base64Bytes, rotating: Base64Bytes?) {
            self.device = device
            self.rotating = rotating
        }
    }

    public let userID: UserID
    public let username: String
    public let keysVersion: KeysVersion
    /// Signed AccountStates, all of them from the first.
    public let states: [Base64Bytes]
    /// Signed DeviceCertificates, those of removed devices too.
    public let certificates: [Base64Bytes]
    /// The devices that the newest state lists.
    public let devices: [Device]

    public init(
        userID: UserID, username: String, keysVersion: KeysVersion, states: [Base64Bytes], certificates: [Base64Bytes],
        devices: [Device]
    ) {
        self.userID = userID
        self.username = username
        self.keysVersion = keysVersion
        self.states = states
        self.certificates = certificates
        self.devices = devices
    }

    enum CodingKeys: String, CodingKey {
        case username, states, certificates, devices
        case userID = "user_id"
        case keysVersion = "keys_version"
    }
}

/// Body of `POST /api/keys/state/`.
public struct PublishStateRequest: Codable, Sendable {
    /// A signed AccountState.
    public let state: Base64Bytes
    /// Signed DeviceCertificates, of the devices that the state is the first to list.
    public let certificates: [Base64Bytes]
    /// The account that a first state takes the place of, when all of its keys are lost.
    public let replaces: Base64Bytes?

    public init(state: Base64Bytes, certificates: [Base64Bytes], replaces: Base64Bytes? = nil) {
        self.state = state
        self.certificates = certificates
        self.replaces = replaces
    }
}

/// Answer of `POST /api/keys/state/`.
public struct PublishStateResponse: Codable, Sendable, Equatable {
    public let seq: UInt32
    public let keysVersion: KeysVersion
    /// Entries of the log up to and with this state.
    public let logSize: UInt64

    public init(seq: UInt32, keysVersion: KeysVersion, logSize: UInt64) {
        self.seq = seq
        self.keysVersion = keysVersion
        self.logSize = logSize
    }

    enum CodingKeys: String, CodingKey {
        case seq
        case keysVersion = "keys_version"
        case logSize = "log_size"
    }
}

/// Body of `POST /api/keys/`.
public struct PublishKeysRequest: Codable, Sendable {
    /// The 16 bytes that name the device.
    public let device: Base64Bytes
    /// A signed KeyRecord that takes the place of the device's rotating key.
    public let rotating: Base64Bytes?
    /// Signed KeyRecords, added to those that wait at the server.
    public let oneTime: [Base64Bytes]

    public init(device: Base64Bytes, rotating: Base64Bytes? = nil, oneTime: [Base64Bytes] = []) {
        self.device = device
        self.rotating = rotating
        self.oneTime = oneTime
    }

    enum CodingKeys: String, CodingKey {
        case device, rotating
        case oneTime = "one_time"
    }
}

/// Answer of `POST /api/keys/`.
public struct PublishKeysResponse: Codable, Sendable, Equatable {
    public let keysVersion: KeysVersion
    /// How many one-time keys wait at the server.
    public let oneTime: Int
    /// No message beyond this number is sealed to the rotating key before the one that is there now.
    public let sealedThrough: MessageNumber

    public init(keysVersion: KeysVersion, oneTime: Int, sealedThrough: MessageNumber) {
        self.keysVersion = keysVersion
        self.oneTime = oneTime
        self.sealedThrough = sealedThrough
    }

    enum CodingKeys: String, CodingKey {
        case keysVersion = "keys_version"
        case oneTime = "one_time"
        case sealedThrough = "sealed_through"
    }
}

/// Answer of `GET /api/keys/count/`.
public struct KeyCountResponse: Codable, Sendable, Equatable {
    public let keysVersion: KeysVersion
    public let oneTime: Int
    /// The key id of the rotating key; nil before the first.
    public let rotating: Base64Bytes?
    public let sealedThrough: MessageNumber

    public init(keysVersion: KeysVersion, oneTime: Int, rotating: Base64Bytes?, sealedThrough: MessageNumber) {
        self.keysVersion = keysVersion
        self.oneTime = oneTime
        self.rotating = rotating
        self.sealedThrough = sealedThrough
    }

    enum CodingKeys: String, CodingKey {
        case rotating
        case keysVersion = "keys_version"
        case oneTime = "one_time"
        case sealedThrough = "sealed_through"
    }
}

/// Body of `POST /api/keys/claim/`.
public struct ClaimKeysRequest: Codable, Sendable {
    public let userID: UserID
    /// The client's own name for the claim: 1 to 64 visible ASCII characters.
    public let requestID: String
    /// Only of these; of all that the newest state lists when nil.
    public let devices: [Base64Bytes]?

    public init(userID: UserID, requestID: String, devices: [Base64Bytes]? = nil) {
        self.userID = userID
        self.requestID = requestID
        self.devices = devices
    }

    enum CodingKeys: String, CodingKey {
        case devices
        case userID = "user_id"
        case requestID = "request_id"
    }
}

/// Answer of `POST /api/keys/claim/`.
public struct ClaimKeysResponse: Codable, Sendable {
    public struct Key: Codable, Sendable {
        public let device: Base64Bytes
        /// A signed KeyRecord, one-time or rotating.
        public let record: Base64Bytes

        public init(device: Base64Bytes, record: Base64Bytes) {
            self.device = device
            self.record = record
        }
    }

    public let keysVersion: KeysVersion
    /// Devices that have published no key are left out.
    public let keys: [Key]

    public init(keysVersion: KeysVersion, keys: [Key]) {
        self.keysVersion = keysVersion
        self.keys = keys
    }

    enum CodingKeys: String, CodingKey {
        case keys
        case keysVersion = "keys_version"
    }
}

/// Body of `POST /api/keys/links/`: a note between two devices of one user.
public struct LinkNoteRequest: Codable, Sendable {
    /// 32 bytes that both devices know.
    public let id: Base64Bytes
    public let data: Base64Bytes

    public init(id: Base64Bytes, data: Base64Bytes) {
        self.id = id
        self.data = data
    }
}

/// Answer of `GET /api/keys/links/`.
public struct LinkNoteResponse: Codable, Sendable {
    public let data: Base64Bytes
    public init(data: Base64Bytes) { self.data = data }
}

/// Answer of `GET /api/log/keys/`.
public struct LogKeysResponse: Codable, Sendable, Equatable {
    /// The first line of the log's checkpoints.
    public let origin: String
    /// The log's first verifier key, from which the installation has its name for good.
    public let first: String
    /// The verifier key that signs checkpoints now.
    public let key: String
    /// The verifier key whose cosignatures say how fresh a checkpoint is.
    public let cosigner: String
    /// The 32 bytes under which name labels are made.
    public let nameKey: Base64Bytes
    /// How `key` follows from `first`, the oldest first; absent or empty when it is the first.
    public let introductions: [Introduction]?

    /// A later key of the log.
    public struct Introduction: Codable, Sendable, Equatable {
        /// A verifier key.
        public let key: String
        /// A checkpoint as a signed note, signed with the key before and with this one.
        public let note: String

        public init(key: String, note: String) {
            self.key = key
            self.note = note
        }
    }

    public init(
        origin: String, first: String, key: String, cosigner: String, nameKey: Base64Bytes, introductions: [Introduction] = []
    ) {
        self.introductions = introductions
        self.origin = origin
        self.first = first
        self.key = key
        self.cosigner = cosigner
        self.nameKey = nameKey
    }

    enum CodingKeys: String, CodingKey {
        case origin, first, key, cosigner, introductions
        case nameKey = "name_key"
    }
}

/// A receiver whose keys have changed since a message was sealed: `stale_keys` of a problem.
public struct StaleKeys: Codable, Sendable, Equatable {
    public let receiverID: UserID
    /// What the version is now; 0 when the user has published no keys.
    public let keysVersion: KeysVersion

    public init(receiverID: UserID, keysVersion: KeysVersion) {
        self.receiverID = receiverID
        self.keysVersion = keysVersion
    }

    enum CodingKeys: String, CodingKey {
        case receiverID = "receiver_id"
        case keysVersion = "keys_version"
    }
}
