import Foundation

/// A registered user with one login, and the calls that tests make as that user.
public struct TestUser: Sendable {
    public static let password = "correct horse battery"

    public let client: TestClient
    public let id: Int64
    public let name: String
    public let device: Int64
    public let token: String
    public let callback: String
    public let callbackSecret: String

    /// Registers a user of a fresh name and logs in.
    public static func make(
        on client: TestClient, name: String? = nil, address: String = "", headers: [String: String] = [:]
    ) async throws -> TestUser {
        let name = name ?? "user-\(UUID().uuidString.prefix(13))"
        let answer = try await client.post(
            "/api/users/", ["username": name, "phone_number": UUID().uuidString.prefix(30).description, "password": password])
        guard answer.status == 201 else { throw UnexpectedAnswer(status: answer.status, text: answer.text) }
        return try await logIn(name, on: client, address: address, headers: headers)
    }

    /// Another login of a user that there is.
    public static func logIn(
        _ name: String, on client: TestClient, address: String = "", device: Int64? = nil, headers: [String: String] = [:]
    ) async throws -> TestUser {
        var fields: [String: any Sendable] = [
            "username": name, "password": password, "user_address": address, "public_key": "key of \(name)",
        ]
        if let device { fields["device_id"] = device }
        let answer = try await client.post("/api/login/", fields, headers: headers)
        guard answer.status == 200, let token = answer.json["token"] as? String else {
            throw UnexpectedAnswer(status: answer.status, text: answer.text)
        }
        let json = answer.json
        return TestUser(
            client: client, id: (json["user_id"] as! NSNumber).int64Value, name: name,
            device: (json["device_id"] as! NSNumber).int64Value, token: token, callback: json["callback"] as! String,
            callbackSecret: json["callback_secret"] as! String)
    }

    /// Sends a message; the answer as it comes.
    public func send(
        _ text: String, to receiver: Int64, key: String? = nil, date: String = "2026-01-02 03:04:05"
    ) async throws -> TestClient.Answer {
        var fields: [String: any Sendable] = [
            "message": text, "sender_id": id, "sender_username": name, "receiver_id": receiver, "send_date": date,
        ]
        if let key { fields["client_message_id"] = key }
        return try await client.post("/api/messages/", fields, token: token)
    }

    /// The texts and numbers that wait.
    public func fetch(after: Int64? = nil, limit: Int? = nil) async throws -> (
        messages: [(number: Int64, text: String)], next: Int64
    ) {
        let query = [after.map { "after=\($0)" }, limit.map { "limit=\($0)" }].compactMap { $0 }.joined(separator: "&")
        let answer = try await client.call("GET", "/api/messages/" + (query.isEmpty ? "" : "?" + query), token: token)
        guard answer.status == 200, let list = answer.json["messages"] as? [[String: any Sendable]] else {
            throw UnexpectedAnswer(status: answer.status, text: answer.text)
        }
        return (
            list.map { (($0["message_id"] as! NSNumber).int64Value, $0["message"] as! String) },
            (answer.json["next"] as! NSNumber).int64Value
        )
    }

    public func acknowledge(_ through: Int64) async throws -> TestClient.Answer {
        try await client.post("/api/messages/ack/", ["through": through], token: token)
    }
}
