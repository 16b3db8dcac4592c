import Foundation
import GRDB
import KeyLog
import MessengerAPI
import MessengerCore

/// Account states.
extension SQLiteBackend {
    public func publish(_ state: StatePublication) async throws -> StatePublished {
        let limits = limits.keys
        return try await write { db in
            let user = state.user.rawValue
            guard
                let version = try Int64.fetchOne(
                    db, sql: "SELECT keys_version FROM inboxes WHERE user_id = ?", arguments: [user])
            else { throw KeyError.noKeys }
            switch try state.decide(on: try Self.publishedAccount(db, user), limits: limits) {
            case .repeated(let place):
                return StatePublished(
                    seq: state.state.object.seq, keysVersion: KeysVersion(version), logSize: place + 1)
            case .write(let change):
                let loggedOut = try Self.write(change, of: state, to: db, limits: limits)
                let place = try SQLiteLog(db).append(state)
                try db.execute(
                    sql: "INSERT INTO key_states (user_id, seq, place, state) VALUES (?, ?, ?, ?)",
                    arguments: [user, Int64(state.state.object.seq), Int64(place), Data(state.state.bytes)])
                try db.execute(
                    sql: "UPDATE inboxes SET keys_version = keys_version + 1 WHERE user_id = ?", arguments: [user])
                return StatePublished(
                    seq: state.state.object.seq, keysVersion: KeysVersion(version + 1), logSize: place + 1,
                    loggedOut: loggedOut)
            }
        }
    }

    private static func publishedAccount(_ db: Database, _ user: Int64) throws -> PublishedAccount? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT a.states_free_at, s.place, s.state FROM key_accounts a JOIN key_states s ON s.user_id = a.user_id
                WHERE a.user_id = ? ORDER BY s.seq DESC LIMIT 1
                """, arguments: [user])
        guard let row, let state = Signed<AccountState>(Array(row["state"] as Data)) else { return nil }
        let certificates = try Data.fetchAll(
            db, sql: "SELECT certificate FROM key_certificates WHERE user_id = ?", arguments: [user])
        return PublishedAccount(
            newest: state.object, place: UInt64(row["place"] as Int64),
            certificates: certificates.compactMap { Signed<DeviceCertificate>(Array($0)) },
            statesFreeAt: Timestamp(milliseconds: row["states_free_at"]))
    }

    /// Everything but the state itself; the logins that have ended.
    private static func write(
        _ change: StateChange, of state: StatePublication, to db: Database, limits: KeyLimits
    ) throws -> [DeviceID] {
        let user = state.user.rawValue
        let old = try Row.fetchAll(db, sql: "SELECT device, owner FROM key_devices WHERE user_id = ?", arguments: [user])
        let removed = old.filter { row in
            change.replaced != nil || change.devices[DeviceFingerprint(unchecked: Array(row["device"] as Data))] == nil
        }
        let loggedOut = try removed.compactMap { try end($0, of: user, in: db) }
        if change.replaced != nil {
            try SQLiteLog(db).bury(state.user, limits: limits, now: state.now)
            for table in ["key_states", "key_certificates"] {
                try db.execute(sql: "DELETE FROM \(table) WHERE user_id = ?", arguments: [user])
            }
        }
        try db.execute(
            sql: "INSERT OR REPLACE INTO key_accounts (user_id, states_free_at) VALUES (?, ?)",
            arguments: [user, change.statesFreeAt.rawValue])
        for certificate in change.newCertificates {
            try db.execute(
                sql: "INSERT INTO key_certificates (user_id, hash, certificate) VALUES (?, ?, ?)",
                arguments: [user, Data(CertificateHash(of: certificate.object).bytes), Data(certificate.bytes)])
        }
        for (device, certificate) in change.devices {
            try db.execute(
                sql: """
                    INSERT INTO key_devices (user_id, device, certificate) VALUES (?, ?, ?)
                    ON CONFLICT DO UPDATE SET certificate = excluded.certificate
                    """, arguments: [user, Data(device.bytes), Data(certificate.bytes)])
        }
        return loggedOut
    }

    /// Removes the keys of a device, and logs out the login that they belong to.
    private static func end(_ row: Row, of user: Int64, in db: Database) throws -> DeviceID? {
        for table in ["key_devices", "one_time_keys"] {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE user_id = ? AND device = ?", arguments: [user, row["device"] as Data])
        }
        guard let owner = row["owner"] as Int64? else { return nil }
        try db.execute(
            sql: """
                UPDATE devices SET token = NULL, pushes = 0, generation = generation + 1
                WHERE id = ? AND user_id = ? AND token IS NOT NULL
                """, arguments: [owner, user])
        return db.changesCount == 1 ? DeviceID(owner) : nil
    }
}
