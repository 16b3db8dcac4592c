import GRDB

/// The schema, as drawn:
///
///     users ──1:1── inboxes ──1:n── messages        (the inbox row counts; the log is keyed by user and number)
///       └─────1:n── devices ──1:n── passed_over     (a device row is also its session: `token` is null when logged out)
///     idempotency_keys (by user), doomed_inboxes (of deleted users), invitations, secrets
///
///     users ──1:1── key_accounts ──1:n── key_states ───── log_entries (a state and its place in the log)
///       └─────1:n── key_certificates ──── key_devices ──1:n── one_time_keys   (devices of the newest state)
///     blobs ──1:n── blob_pieces (SQLiteBackend+blobs.swift)
///     claim_allowances, link_notes (by user), log_entries ──1:256── log_tiles, log_accounts, log_head (one row)
///
/// Text that may hold U+0000 is a blob: SQLite's text functions, and GRDB, end text there.
extension SQLiteBackend {
    private static let keysSchema = """
        ALTER TABLE inboxes ADD COLUMN keys_version INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE key_accounts (
            user_id INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
            states_free_at INTEGER NOT NULL          -- of the limit of new states
        );

        CREATE TABLE key_states (
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            seq INTEGER NOT NULL,
            place INTEGER NOT NULL,                  -- in the log
            state BLOB NOT NULL,                     -- signed, like all objects here
            PRIMARY KEY (user_id, seq)
        ) WITHOUT ROWID;

        CREATE TABLE key_certificates (
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            hash BLOB NOT NULL,
            certificate BLOB NOT NULL,
            PRIMARY KEY (user_id, hash)
        ) WITHOUT ROWID;

        CREATE TABLE key_devices (                   -- those in the newest state
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            device BLOB NOT NULL,
            certificate BLOB NOT NULL,               -- its hash
            owner INTEGER,                           -- in devices, if it is still there
            rotating BLOB,
            sealed_through INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (user_id, device)
        ) WITHOUT ROWID;

        CREATE TABLE one_time_keys (
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            device BLOB NOT NULL,
            id BLOB NOT NULL,
            position INTEGER NOT NULL,               -- they are handed out in this order
            expires_at INTEGER NOT NULL,
            record BLOB,                             -- null once the claim is forgotten
            claimer_id INTEGER,
            request TEXT,
            claimed_at INTEGER,
            PRIMARY KEY (user_id, device, id)
        );
        CREATE INDEX one_time_keys_waiting ON one_time_keys (user_id, device, position) WHERE claimed_at IS NULL;
        CREATE INDEX one_time_keys_claimed ON one_time_keys (claimer_id, request) WHERE claimer_id IS NOT NULL;
        CREATE INDEX one_time_keys_remembered ON one_time_keys (claimed_at) WHERE claimer_id IS NOT NULL;
        CREATE INDEX one_time_keys_expiring ON one_time_keys (expires_at);

        CREATE TABLE claim_allowances (
            claimer_id INTEGER NOT NULL,
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            free_at INTEGER NOT NULL,
            PRIMARY KEY (claimer_id, user_id)
        ) WITHOUT ROWID;
        CREATE INDEX claim_allowances_of_user ON claim_allowances (user_id);
        CREATE INDEX claim_allowances_free ON claim_allowances (free_at);

        CREATE TABLE link_notes (
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            id BLOB NOT NULL,
            data BLOB NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (user_id, id)
        ) WITHOUT ROWID;
        CREATE INDEX link_notes_expiring ON link_notes (expires_at);

        CREATE TABLE log_entries (
            place INTEGER PRIMARY KEY,
            entry BLOB NOT NULL,
            salt BLOB,                               -- null, like the record, once both are erased
            record BLOB,
            tombstone INTEGER,                       -- the place of the one that covers it
            erase_at INTEGER                         -- null when nothing is to be erased, or it is done
        );
        CREATE INDEX log_entries_erasing ON log_entries (erase_at) WHERE erase_at IS NOT NULL;

        -- All that were ever in the log: an account that comes back would contradict its tombstone.
        CREATE TABLE log_accounts (account BLOB PRIMARY KEY) WITHOUT ROWID;

        CREATE TABLE log_tiles (                     -- full or not: a tile grows in its place
            level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, number)
        ) WITHOUT ROWID;

        CREATE TABLE log_head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            size INTEGER NOT NULL,
            checkpoint BLOB NOT NULL,                -- a signed note
            cosigned_at INTEGER NOT NULL
        );
        """

    /// With a rowid, what one commit brings to many inboxes is written side by side. See docs/decisions/0017-sqlite-keeps-messages-in-the-order-of-arrival.md.
    private static let arrivalOrder = """
        ALTER TABLE messages RENAME TO old_messages;
        CREATE TABLE messages (
            user_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            sender_id INTEGER NOT NULL,
            sender_username TEXT NOT NULL,
            send_date TEXT NOT NULL,
            accepted_at INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (user_id, number)
        );
        INSERT INTO messages SELECT * FROM old_messages ORDER BY user_id, number;
        DROP TABLE old_messages;
        """

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 accounts, devices, inboxes") { db in
            try db.execute(
                sql: """
                    CREATE TABLE users (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,    -- never given out again
                        username TEXT NOT NULL UNIQUE,
                        phone BLOB NOT NULL UNIQUE,              -- an HMAC
                        password_hash TEXT NOT NULL,
                        public_key BLOB NOT NULL DEFAULT x'',
                        created_at INTEGER NOT NULL              -- all times: milliseconds since 1970
                    );

                    CREATE TABLE inboxes (
                        user_id INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
                        next INTEGER NOT NULL DEFAULT 1,         -- the next number
                        received_through INTEGER NOT NULL DEFAULT 0,
                        messages INTEGER NOT NULL DEFAULT 0,     -- rows in the log
                        bytes INTEGER NOT NULL DEFAULT 0,        -- of their bodies
                        live_keys INTEGER NOT NULL DEFAULT 0     -- this user's rows in idempotency_keys
                    );

                    CREATE TABLE messages (
                        user_id INTEGER NOT NULL,
                        number INTEGER NOT NULL,
                        sender_id INTEGER NOT NULL,
                        sender_username TEXT NOT NULL,
                        send_date TEXT NOT NULL,
                        accepted_at INTEGER NOT NULL,
                        body BLOB NOT NULL,
                        PRIMARY KEY (user_id, number)
                    ) WITHOUT ROWID;

                    CREATE TABLE doomed_inboxes (user_id INTEGER PRIMARY KEY);

                    CREATE TABLE idempotency_keys (
                        id INTEGER PRIMARY KEY,                  -- in order of age
                        user_id INTEGER NOT NULL,
                        key TEXT NOT NULL,
                        fingerprint BLOB NOT NULL,
                        receivers INTEGER NOT NULL,
                        created_at INTEGER NOT NULL,
                        UNIQUE (user_id, key)
                    );

                    CREATE TABLE devices (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
                        cursor INTEGER NOT NULL,
                        generation INTEGER NOT NULL DEFAULT 1,   -- rises with each login and logout
                        token BLOB UNIQUE,                       -- SHA-256
                        token_used INTEGER NOT NULL,
                        last_seen INTEGER NOT NULL,
                        address BLOB NOT NULL,                   -- user_address as it came
                        pushes INTEGER NOT NULL,                 -- 1: callbacks go to the address
                        origin TEXT NOT NULL,                    -- the login's client address
                        origin_forwarded INTEGER NOT NULL,
                        origin_key TEXT NOT NULL,
                        secret BLOB NOT NULL,
                        old_secret BLOB,
                        old_secret_until INTEGER NOT NULL DEFAULT 0,
                        failing_since INTEGER,
                        refused_number INTEGER,
                        refused_since INTEGER
                    );
                    CREATE INDEX devices_of_user ON devices (user_id);
                    CREATE INDEX devices_pushed ON devices (user_id) WHERE pushes = 1;
                    CREATE INDEX devices_failing ON devices (failing_since) WHERE failing_since IS NOT NULL;

                    CREATE TABLE passed_over (
                        device_id INTEGER NOT NULL REFERENCES devices(id) ON DELETE CASCADE,
                        number INTEGER NOT NULL,
                        PRIMARY KEY (device_id, number)
                    ) WITHOUT ROWID;

                    CREATE TABLE invitations (code BLOB PRIMARY KEY, expires_at INTEGER NOT NULL);
                    CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
                    """)
        }
        migrator.registerMigration("2 keys, key log") { db in try db.execute(sql: keysSchema) }
        migrator.registerMigration("3 messages in the order of arrival") { db in try db.execute(sql: arrivalOrder) }
        migrator.registerMigration("4 blobs") { db in try db.execute(sql: blobsSchema) }
        return migrator
    }
}
