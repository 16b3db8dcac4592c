import GRDB

extension LocalStore {
    /// What groups add to the store. Their names are sealed by `StoreCipher`; who is in them is not.
    static func registerGroups(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("groups") { db in
            try db.execute(
                sql: """
                    CREATE TABLE group_chat (
                        id BLOB PRIMARY KEY, state BLOB NOT NULL, name BLOB, is_member INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    CREATE TABLE group_change (hash BLOB PRIMARY KEY, conversation BLOB NOT NULL, bytes BLOB NOT NULL) WITHOUT ROWID;
                    CREATE INDEX group_change_conversation ON group_change (conversation);
                    CREATE TABLE group_state (
                        conversation BLOB NOT NULL, state BLOB NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (conversation, state)
                    ) WITHOUT ROWID;
                    CREATE TABLE group_unsettled (
                        message BLOB PRIMARY KEY, conversation BLOB NOT NULL, state BLOB NOT NULL, epoch INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    CREATE TABLE group_asked (
                        conversation BLOB NOT NULL, device BLOB NOT NULL, state BLOB NOT NULL, time INTEGER NOT NULL,
                        is_open INTEGER NOT NULL, PRIMARY KEY (conversation, device, state)
                    ) WITHOUT ROWID;
                    CREATE TABLE group_debt (
                        position INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, conversation BLOB NOT NULL,
                        account BLOB NOT NULL, peer TEXT NOT NULL, device BLOB, hashes BLOB NOT NULL);
                    CREATE TABLE group_receipt (
                        message BLOB NOT NULL, account BLOB NOT NULL, delivery INTEGER NOT NULL, PRIMARY KEY (message, account)
                    ) WITHOUT ROWID;
                    ALTER TABLE message ADD COLUMN in_group INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE outbox ADD COLUMN receivers BLOB;
                    ALTER TABLE outbox ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
                    """)
        }
    }
}
