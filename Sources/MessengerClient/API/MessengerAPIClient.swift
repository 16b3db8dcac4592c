import Foundation
import KeyLog
import MessengerAPI

/// The server's API as calls with types. It keeps nothing and verifies nothing; whoever calls it does.
///
/// Every call throws `APIFailure` for an answer that is not a 2xx, and `MessengerError.unreachable` for none.
struct MessengerAPIClient: Sendable {
    let transport: any Transport

    // MARK: Accounts

    func register(username: String, phoneNumber: String, password: String, invitation: String?) async throws -> UserID {
        let body = RegisterRequest(username: username, phoneNumber: phoneNumber, password: password, invitation: invitation)
        return try await post("/api/users/", body, token: nil, as: RegisterResponse.self).userID
    }

    func logIn(username: String, password: String, publicKey: String, device: DeviceID?) async throws -> LoginResponse {
        let body = LoginRequest(
            username: username, password: password, userAddress: "", publicKey: publicKey, deviceID: device)
        return try await post("/api/login/", body, token: nil)
    }

    func logOut(username: String, token: String) async throws {
        _ = try await call("POST", "/api/logout/", body: WireJSON.encode(UsernameRequest(username: username)), token: token)
    }

    func isUser(_ username: String, token: String) async throws -> Bool {
        do {
            return try await get("/api/users/?username=\(Self.query(username))", token: token, as: UserResponse.self).userID
                .rawValue > 0
        } catch let failure as APIFailure where failure.status == 404 {
            return false
        }
    }

    // MARK: Messages

    /// - Parameter batch: a `SealedBatch` as it was encoded first, so that a repeat is the same to the byte.
    func send(_ batch: [UInt8], token: String) async throws {
        _ = try await call("POST", "/api/messages/", body: batch, token: token)
    }

    func messages(after number: MessageNumber, token: String) async throws -> MessagesResponse {
        try await get("/api/messages/?after=\(number)&limit=1000", token: token)
    }

    func acknowledge(through number: MessageNumber, token: String) async throws {
        _ = try await call("POST", "/api/messages/ack/", body: WireJSON.encode(Acknowledged(through: number)), token: token)
    }

    /// The live stream from the message after this number, until the server ends it.
    func stream(
        after number: MessageNumber, token: String, _ receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        var request = request("GET", "/api/messages/", token: token)
        request.headers["Accept"] = "text/event-stream"
        request.headers["Last-Event-ID"] = "\(number)"
        try Self.check(try await transport.stream(request, receive))
    }

    // MARK: Keys

    func keys(of user: UserID, token: String) async throws -> KeysResponse {
        try await get("/api/keys/?user_id=\(user)", token: token)
    }

    func keys(of username: String, token: String) async throws -> KeysResponse {
        try await get("/api/keys/?username=\(Self.query(username))", token: token)
    }

    func publish(_ state: PublishStateRequest, token: String) async throws {
        _ = try await call("POST", "/api/keys/state/", body: WireJSON.encode(state), token: token)
    }

    func publish(_ keys: PublishKeysRequest, token: String) async throws -> PublishKeysResponse {
        try await post("/api/keys/", keys, token: token)
    }

    func keyCount(device: [UInt8], token: String) async throws -> KeyCountResponse {
        try await get("/api/keys/count/?device=\(Base64URL.text(device))", token: token)
    }

    func claim(_ claim: ClaimKeysRequest, token: String) async throws -> ClaimKeysResponse {
        try await post("/api/keys/claim/", claim, token: token)
    }

    func postLinkNote(_ note: LinkNoteRequest, token: String) async throws {
        _ = try await call("POST", "/api/keys/links/", body: WireJSON.encode(note), token: token)
    }

    /// Nil while there is none.
    func linkNote(id: [UInt8], token: String) async throws -> [UInt8]? {
        do {
            return try await get("/api/keys/links/?id=\(Base64URL.text(id))", token: token, as: LinkNoteResponse.self).data.bytes
        } catch let failure as APIFailure where failure.status == 404 {
            return nil
        }
    }

    // MARK: Log

    func logKeys(token: String) async throws -> LogKeysResponse { try await get("/api/log/keys/", token: token) }

    /// A signed note.
    func checkpoint(token: String) async throws -> [UInt8] {
        try await call("GET", "/api/log/checkpoint/", token: token, accept: "text/plain").body
    }

    /// A bundle of records, named as C2SP tlog-tiles names its tiles.
    func logFile(_ path: String, token: String) async throws -> [UInt8] {
        try await call("GET", "/api/log/\(path)", token: token, accept: "application/octet-stream").body
    }

    // MARK: How

    private func get<Answer: Decodable>(_ path: String, token: String, as type: Answer.Type = Answer.self) async throws -> Answer
    {
        try Self.decode(try await call("GET", path, token: token).body)
    }

    private func post<Answer: Decodable>(
        _ path: String, _ body: some Encodable, token: String?, as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        try Self.decode(try await call("POST", path, body: WireJSON.encode(body), token: token).body)
    }

    func request(_ method: String, _ path: String, token: String?) -> APIRequest {
        APIRequest(method: method, path: path, token: token)
    }

    private func call(
        _ method: String, _ path: String, body: [UInt8]? = nil, token: String?, accept: String = "application/json"
    ) async throws -> APIResponse {
        var request = request(method, path, token: token)
        request.headers["Accept"] = accept == "application/json" ? accept : "\(accept), application/problem+json;q=0.5"
        if body != nil { request.headers["Content-Type"] = "application/json" }
        request.body = body
        let response = try await transport.execute(request)
        try Self.check(response)
        return response
    }

    static func check(_ response: APIResponse) throws {
        guard !(200..<300).contains(response.status) else { return }
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body))
        throw APIFailure(
            status: response.status, type: problem.map { shortType($0.type) } ?? "",
            detail: problem?.detail ?? "No reason was given.", retryAfter: response.retryAfter.map { .seconds($0) },
            staleKeys: problem?.staleKeys ?? [], unknownReceivers: problem?.unknownReceivers ?? [],
            fullReceivers: problem?.fullReceivers ?? [])
    }

    /// The last part of a problem's type, which may be written as a URI.
    private static func shortType(_ type: String) -> String {
        type.split(whereSeparator: { "/:#".contains($0) }).last.map(String.init) ?? type
    }

    static func decode<Answer: Decodable>(_ body: [UInt8], as type: Answer.Type = Answer.self) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body))
        } catch {
            throw MessengerError.unreachable("the answer is not one of the API")
        }
    }

    private static func query(_ text: String) -> String {
        let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
