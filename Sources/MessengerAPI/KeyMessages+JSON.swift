extension PublishStateRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var (state, replaces): (Base64Bytes?, Base64Bytes?)
        var certificates: [Base64Bytes]?
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            switch name {
            case "state": state = try scanner.optionalBytes(name)
            case "certificates": certificates = try scanner.optionalByteStrings(name)
            case "replaces": replaces = try scanner.optionalBytes(name)
            default: try scanner.skipValue()
            }
        }
        self.init(state: try state.orMissing("state"), certificates: certificates ?? [], replaces: replaces)
    }
}

extension PublishKeysRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var (device, rotating): (Base64Bytes?, Base64Bytes?)
        var oneTime: [Base64Bytes]?
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            switch name {
            case "device": device = try scanner.optionalBytes(name)
            case "rotating": rotating = try scanner.optionalBytes(name)
            case "one_time": oneTime = try scanner.optionalByteStrings(name)
            default: try scanner.skipValue()
            }
        }
        self.init(device: try device.orMissing("device"), rotating: rotating, oneTime: oneTime ?? [])
    }
}

extension ClaimKeysRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var user: Int64?
        var request: String?
        var devices: [Base64Bytes]?
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            switch name {
            case "user_id": user = try scanner.optionalInteger(name)
            case "request_id": request = try scanner.optionalString(name)
            case "devices": devices = try scanner.optionalByteStrings(name)
            default: try scanner.skipValue()
            }
        }
        self.init(
            userID: UserID(try user.orMissing("user_id")), requestID: try request.orMissing("request_id"), devices: devices)
    }
}

extension LinkNoteRequest: JSONReadable {
    public init(json: UnsafeRawBufferPointer) throws(JSONError) {
        var (id, data): (Base64Bytes?, Base64Bytes?)
        try JSONScanner.readBody(json) { (name, scanner) throws(JSONError) in
            switch name {
            case "id": id = try scanner.optionalBytes(name)
            case "data": data = try scanner.optionalBytes(name)
            default: try scanner.skipValue()
            }
        }
        self.init(id: try id.orMissing("id"), data: try data.orMissing("data"))
    }
}
