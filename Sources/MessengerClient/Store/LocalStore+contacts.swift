import Foundation
import GRDB
import KeyLog
import MessengerCrypto

/// What this device has decided about people, and which of their devices it has seen.
extension LocalStore {
    static func registerContactDevices(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("contact-devices") { db in
            try db.execute(
                sql: """
                    CREATE TABLE contact_device (
                        account BLOB NOT NULL, device BLOB NOT NULL, seen INTEGER NOT NULL,
                        accepted INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (account, device)
                    ) WITHOUT ROWID;
                    """)
        }
    }

    func contact(_ name: NameLabel) async throws -> StoredContact? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM contact WHERE name = ?", arguments: [Data(name.bytes)]).flatMap(Self.contact)
        }
    }

    func contacts() async throws -> [StoredContact] {
        try await read { db in try Row.fetchAll(db, sql: "SELECT * FROM contact").compactMap(Self.contact) }
    }

    private static func contact(_ row: Row) -> StoredContact? {
        AccountID(row["account"] as Data).map {
            StoredContact(username: row["username"], account: $0, isVerified: row["verified"], isWritten: row["written"])
        }
    }

    func save(_ contact: StoredContact, as name: NameLabel) async throws {
        try await write { db in try Self.save(contact, as: name, db) }
    }

    private static func save(_ contact: StoredContact, as name: NameLabel, _ db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO contact (name, username, account, verified, written) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Data(name.bytes), contact.username, Data(contact.account.bytes), contact.isVerified, contact.isWritten,
            ])
    }

    /// The name has got another account: what still waits for the old one is never sent.
    func replaceAccount(by contact: StoredContact, as name: NameLabel) async throws {
        try await write { db in
            let old = try Data.fetchOne(db, sql: "SELECT account FROM contact WHERE name = ?", arguments: [Data(name.bytes)])
            if let old, old != Data(contact.account.bytes) {
                try db.execute(
                    sql: """
                        UPDATE message SET delivery = ? WHERE is_mine = 1 AND delivery = 0
                            AND hash IN (SELECT hash FROM outbox WHERE account = ?)
                        """, arguments: [Delivery.refused("").stored, old])
                try db.execute(sql: "DELETE FROM outbox WHERE account = ?", arguments: [old])
            }
            try Self.save(contact, as: name, db)
        }
    }

    // MARK: Devices

    /// Remembers an account's devices. Those that are new among them; of an account seen for the first time, none.
    func notice(_ devices: [DeviceFingerprint], of account: AccountID, now: UInt64) async throws -> [DeviceFingerprint] {
        try await write { db in
            let known = try Self.devices(of: account, "1", db)
            let added = devices.filter { !known.contains($0) }
            for device in added {
                try db.execute(
                    sql: "INSERT INTO contact_device (account, device, seen) VALUES (?, ?, ?)",
                    arguments: [Data(account.bytes), Data(device.bytes), known.isEmpty ? 0 : Int64(clamping: now)])
            }
            return known.isEmpty ? [] : added
        }
    }

    /// When each device of an account was first seen, in milliseconds since 1970; zero for those that were there at first.
    func devicesSeen(of account: AccountID) async throws -> [DeviceFingerprint: UInt64] {
        try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT device, seen FROM contact_device WHERE account = ?", arguments: [Data(account.bytes)])
            return Dictionary(
                rows.compactMap { row in
                    DeviceFingerprint(row["device"] as Data).map { ($0, UInt64(clamping: row["seen"] as Int64)) }
                }
            ) { first, _ in first }
        }
    }

    /// The devices that a person has agreed to write to although they are not post-quantum.
    func acceptedDevices(of account: AccountID) async throws -> Set<DeviceFingerprint> {
        try await read { db in try Self.devices(of: account, "accepted = 1", db) }
    }

    /// - Parameter account: whom the decision is about; the devices may be one's own as well.
    func accept(_ devices: [DeviceFingerprint], for account: AccountID, now: UInt64) async throws {
        try await write { db in
            for device in devices {
                try db.execute(
                    sql: """
                        INSERT INTO contact_device (account, device, seen, accepted) VALUES (?, ?, ?, 1)
                        ON CONFLICT (account, device) DO UPDATE SET accepted = 1
                        """, arguments: [Data(account.bytes), Data(device.bytes), Int64(clamping: now)])
            }
        }
    }

    private static func devices(
        of account: AccountID, _ condition: String, _ db: Database
    ) throws -> Set<DeviceFingerprint> {
        let sql = "SELECT device FROM contact_device WHERE account = ? AND " + condition
        return Set(try Data.fetchAll(db, sql: sql, arguments: [Data(account.bytes)]).compactMap { DeviceFingerprint($0) })
    }
}
