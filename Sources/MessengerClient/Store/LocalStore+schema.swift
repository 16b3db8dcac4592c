import GRDB

extension LocalStore {
    /// Columns that hold content or private keys are sealed by `StoreCipher`. Times are milliseconds since 1970.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
                    CREATE TABLE private_key (
                        id BLOB PRIMARY KEY, kind INTEGER NOT NULL, created INTEGER NOT NULL, seed BLOB NOT NULL,
                        record BLOB NOT NULL, published INTEGER NOT NULL DEFAULT 0, succeeded_at INTEGER, sealed_through INTEGER
                    ) WITHOUT ROWID;
                    CREATE TABLE log_record (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
                    CREATE TABLE account (
                        id BLOB PRIMARY KEY, user INTEGER NOT NULL, username TEXT NOT NULL, states BLOB NOT NULL,
                        certificates BLOB NOT NULL);
                    CREATE INDEX account_user ON account (user);
                    CREATE TABLE contact (
                        name BLOB PRIMARY KEY, username TEXT NOT NULL, account BLOB NOT NULL, verified INTEGER NOT NULL DEFAULT 0,
                        written INTEGER NOT NULL DEFAULT 0
                    ) WITHOUT ROWID;
                    CREATE TABLE named_key (device BLOB PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;
                    CREATE TABLE message (
                        position INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB UNIQUE, conversation BLOB NOT NULL,
                        peer TEXT NOT NULL, account BLOB, device BLOB, id BLOB, type INTEGER NOT NULL, target BLOB,
                        sent INTEGER NOT NULL, is_mine INTEGER NOT NULL, is_incoming INTEGER NOT NULL,
                        delivery INTEGER NOT NULL DEFAULT 0, owes_receipt INTEGER NOT NULL DEFAULT 0, findings BLOB NOT NULL,
                        body BLOB);
                    CREATE INDEX message_conversation ON message (conversation, position);
                    CREATE INDEX message_target ON message (target) WHERE target IS NOT NULL;
                    CREATE INDEX message_id ON message (account, id) WHERE id IS NOT NULL;
                    CREATE INDEX message_owed ON message (position) WHERE owes_receipt = 1;
                    CREATE TABLE remembered (envelope BLOB PRIMARY KEY) WITHOUT ROWID;
                    CREATE TABLE sequence (
                        device BLOB NOT NULL, conversation BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (device, conversation)
                    ) WITHOUT ROWID;
                    CREATE TABLE own_sequence (conversation BLOB PRIMARY KEY, counter INTEGER NOT NULL, newest BLOB NOT NULL)
                    WITHOUT ROWID;
                    CREATE TABLE outbox (
                        position INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL, account BLOB NOT NULL, device BLOB,
                        uses_one_time INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, message BLOB NOT NULL, batch BLOB,
                        envelopes BLOB, peer TEXT NOT NULL);
                    CREATE TABLE sent_envelope (
                        envelope BLOB PRIMARY KEY, message BLOB NOT NULL, account BLOB NOT NULL, devices BLOB NOT NULL,
                        time INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    CREATE TABLE answer (
                        message BLOB NOT NULL, device BLOB NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (message, device)
                    ) WITHOUT ROWID;
                    """)
        }
        registerObligations(&migrator)
        registerContactDevices(&migrator)
        registerGroups(&migrator)
        registerExpiry(&migrator)
        migrator.registerMigration("attachments") { db in try db.execute(sql: uploadSchema) }
        return migrator
    }
}
