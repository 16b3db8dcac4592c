import Foundation
import GRDB
import KeyLog
import MessengerCrypto

/// What this device owes others, from the transaction that found it out until the one that puts it into the outbox.
extension LocalStore {
    static func registerObligations(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("obligations") { db in
            try db.execute(
                sql: """
                    CREATE TABLE question (
                        envelope BLOB PRIMARY KEY, sender TEXT NOT NULL, noted INTEGER NOT NULL, put INTEGER
                    ) WITHOUT ROWID;
                    CREATE TABLE request (
                        envelope BLOB NOT NULL, device BLOB NOT NULL, account BLOB NOT NULL, peer TEXT NOT NULL,
                        noted INTEGER NOT NULL, PRIMARY KEY (envelope, device)
                    ) WITHOUT ROWID;
                    """)
        }
    }

    /// Puts a message into the outbox and records that it settles what was owed: both or neither.
    ///
    /// Nil, and nothing changes, when it was settled before, or when it has to wait.
    func enqueue(_ draft: OutgoingDraft, goesOut: Bool, settling obligation: Obligation) async throws -> Message? {
        try await write { [cipher] db in
            guard try Self.settle(obligation, db) else { return nil }
            return try Self.enqueue(draft, goesOut: goesOut, cipher, db)
        }
    }

    private static func settle(_ obligation: Obligation, _ db: Database) throws -> Bool {
        switch obligation {
        case .question(let envelope, let now): return try put(envelope, now: now, db)
        case .receipts(let hashes):
            var settled: [MessageHash] = []
            for hash in hashes {
                try db.execute(
                    sql: "UPDATE message SET owes_receipt = 2 WHERE hash = ? AND owes_receipt = 1", arguments: [Data(hash.bytes)])
                if db.changesCount > 0 { settled.append(hash) }
            }
            guard settled.count < hashes.count else { return true }
            // Somebody else has told of some of them meanwhile: the others are still owed.
            for hash in settled {
                try db.execute(sql: "UPDATE message SET owes_receipt = 1 WHERE hash = ?", arguments: [Data(hash.bytes)])
            }
            return false
        }
    }

    // MARK: Receipts

    /// Whose messages have arrived without their being told.
    func peersOwedReceipts() async throws -> [String] {
        try await read { db in try String.fetchAll(db, sql: "SELECT DISTINCT peer FROM message WHERE owes_receipt = 1") }
    }

    /// Messages of this account whose arrival nobody was told of, oldest first.
    func owedReceipts(to account: AccountID, limit: Int) async throws -> [MessageHash] {
        try await read { db in
            try Data.fetchAll(
                db, sql: "SELECT hash FROM message WHERE owes_receipt = 1 AND account = ? ORDER BY position LIMIT ?",
                arguments: [Data(account.bytes), limit]
            ).compactMap { MessageHash($0) }
        }
    }

    /// Under this name there is another account now: the one that sent these cannot be told any more.
    func forgetReceipts(to peer: String, except account: AccountID) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE message SET owes_receipt = 2 WHERE owes_receipt = 1 AND peer = ? AND account IS NOT ?",
                arguments: [peer, Data(account.bytes)])
        }
    }
}
