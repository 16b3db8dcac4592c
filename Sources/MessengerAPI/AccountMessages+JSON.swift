extension RegisterRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var (username, phoneNumber, password, invitation): (String?, String?, String?, String?)
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            switch name {
            case "username": username = try scanner.optionalString(name)
            case "phone_number": phoneNumber = try scanner.optionalString(name)
            case "password": password = try scanner.optionalString(name)
            case "invitation": invitation = try scanner.optionalString(name)
            default: try scanner.skipValue()
            }
        }
        self.username = try username.orMissing("username")
        self.phoneNumber = try phoneNumber.orMissing("phone_number")
        self.password = try password.orMissing("password")
        self.invitation = invitation
    }
}

extension UsernameRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var username: String?
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            if name == "username" { username = try scanner.optionalString(name) } else { try scanner.skipValue() }
        }
        self.username = try username.orMissing("username")
    }
}

extension DeleteUserRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var user: Int64?
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            if name == "user_id" { user = try scanner.optionalInteger(name) } else { try scanner.skipValue() }
        }
        userID = UserID(try user.orMissing("user_id"))
    }
}

extension LoginRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var (username, password, userAddress, publicKey): (String?, String?, String?, String?)
        var device: Int64?
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            switch name {
            case "username": username = try scanner.optionalString(name)
            case "password": password = try scanner.optionalString(name)
            case "user_address": userAddress = try scanner.optionalString(name)
            case "public_key": publicKey = try scanner.optionalString(name)
            case "device_id": device = try scanner.optionalInteger(name)
            default: try scanner.skipValue()
            }
        }
        self.username = try username.orMissing("username")
        self.password = try password.orMissing("password")
        self.userAddress = try userAddress.orMissing("user_address")
        self.publicKey = try publicKey.orMissing("public_key")
        deviceID = device.map { DeviceID($0) }
    }
}

extension PasswordRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var (old, new): (String?, String?)
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            switch name {
            case "old": old = try scanner.optionalString(name)
            case "new": new = try scanner.optionalString(name)
            default: try scanner.skipValue()
            }
        }
        self.old = try old.orMissing("old")
        self.new = try new.orMissing("new")
    }
}
