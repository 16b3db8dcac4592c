import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCrypto

extension LocalStore {
    func save(_ account: StoredAccount) async throws {
        try await write { db in
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO account (id, user, username, states, certificates) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    Data(account.account.bytes), account.userID.rawValue, account.username,
                    Data(ByteList.bytes(account.states.map(\.bytes))), Data(ByteList.bytes(account.certificates.map(\.bytes))),
                ])
        }
    }

    func account(_ id: AccountID) async throws -> StoredAccount? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM account WHERE id = ?", arguments: [Data(id.bytes)]).flatMap(Self.account)
        }
    }

    /// The one that the server last named so; an account that began anew has the number of the old one.
    func account(of user: UserID) async throws -> StoredAccount? {
        try await read { db in
            let sql = "SELECT * FROM account WHERE user = ? ORDER BY rowid DESC LIMIT 1"
            return try Row.fetchOne(db, sql: sql, arguments: [user.rawValue]).flatMap(Self.account)
        }
    }

    private static func account(_ row: Row) -> StoredAccount? {
        guard let id = AccountID(row["id"] as Data), let states = ByteList.items(Array(row["states"] as Data)),
            let certificates = ByteList.items(Array(row["certificates"] as Data))
        else { return nil }
        return StoredAccount(
            account: id, userID: UserID(row["user"] as Int64), username: row["username"],
            states: states.compactMap { Signed($0) }, certificates: certificates.compactMap { Signed($0) })
    }

    /// When the newest rotating key of each device was made that it has named in a message.
    func namedKeys(of devices: [DeviceFingerprint]) async throws -> [DeviceFingerprint: UInt64] {
        try await read { db in
            var named: [DeviceFingerprint: UInt64] = [:]
            for device in devices {
                let sql = "SELECT created FROM named_key WHERE device = ?"
                if let created = try Int64.fetchOne(db, sql: sql, arguments: [Data(device.bytes)]) {
                    named[device] = UInt64(created)
                }
            }
            return named
        }
    }
}
