/// Body of `POST /api/users/`.
public struct RegisterRequest: Codable, Sendable {
    public let username: String
    public let phoneNumber: String
    public let password: String
    /// The code of an invitation, where the server asks for one.
    public let invitation: String?

    public init(username: String, phoneNumber: String, password: String, invitation: String? = nil) {
        self.username = username
        self.phoneNumber = phoneNumber
        self.password = password
        self.invitation = invitation
    }

    enum CodingKeys: String, CodingKey {
        case username, password, invitation
        case phoneNumber = "phone_number"
    }
}

/// Answer of `POST /api/users/`.
public struct RegisterResponse: Codable, Sendable {
    public let userID: UserID
    public init(userID: UserID) { self.userID = userID }
    enum CodingKeys: String, CodingKey { case userID = "user_id" }
}

/// Body of `GET /api/users/` and `POST /api/logout/`.
public struct UsernameRequest: Codable, Sendable {
    public let username: String
    public init(username: String) { self.username = username }
}

/// Answer of `GET /api/users/`.
public struct UserResponse: Codable, Sendable {
    public let userID: UserID
    public let username: String
    /// The key of the latest login; empty before the first.
    public let publicKey: String

    public init(userID: UserID, username: String, publicKey: String) {
        self.userID = userID
        self.username = username
        self.publicKey = publicKey
    }

    enum CodingKeys: String, CodingKey {
        case username
        case userID = "user_id"
        case publicKey = "public_key"
    }
}

/// Body of `DELETE /api/users/`.
public struct DeleteUserRequest: Codable, Sendable {
    public let userID: UserID
    enum CodingKeys: String, CodingKey { case userID = "user_id" }
}

/// Body of `POST /api/login/`.
public struct LoginRequest: Codable, Sendable {
    public let username: String
    public let password: String
    public let userAddress: String
    public let publicKey: String
    /// Goes on with this device instead of making a new one.
    public let deviceID: DeviceID?

    public init(username: String, password: String, userAddress: String, publicKey: String, deviceID: DeviceID? = nil) {
        self.username = username
        self.password = password
        self.userAddress = userAddress
        self.publicKey = publicKey
        self.deviceID = deviceID
    }

    enum CodingKeys: String, CodingKey {
        case username, password
        case userAddress = "user_address"
        case publicKey = "public_key"
        case deviceID = "device_id"
    }
}

/// Answer of `POST /api/login/`.
public struct LoginResponse: Codable, Sendable {
    public let msg: String
    public let userID: UserID
    public let token: String
    public let deviceID: DeviceID
    /// What this device has acknowledged so far.
    public let cursor: MessageNumber
    /// `active`, or why nothing will be pushed to the address.
    public let callback: String
    /// `whsec_…`: the key of the Standard Webhooks signatures of this device's callbacks.
    public let callbackSecret: String

    public init(
        userID: UserID, token: String, deviceID: DeviceID, cursor: MessageNumber, callback: String, callbackSecret: String
    ) {
        self.msg = "Login successful."
        self.userID = userID
        self.token = token
        self.deviceID = deviceID
        self.cursor = cursor
        self.callback = callback
        self.callbackSecret = callbackSecret
    }

    enum CodingKeys: String, CodingKey {
        case msg, token, cursor, callback
        case userID = "user_id"
        case deviceID = "device_id"
        case callbackSecret = "callback_secret"
    }
}

/// Answer of `POST /api/logout/`.
public struct LogoutResponse: Codable, Sendable {
    public let msg: String
    public let username: String

    public init(username: String) {
        self.msg = "Logout successful."
        self.username = username
    }
}

/// Body of `POST /api/password/`.
public struct PasswordRequest: Codable, Sendable {
    public let old: String
    public let new: String
}
