import GRDB

/// The schema, as drawn:
///
///     users ──1:1── inboxes ──1:n── messages        (the inbox row counts; the log is keyed by user and number)
///       └─────1:n── devices ──1:n── passed_over     (a device row is also its session: `token` is null when logged out)
///     idempotency_keys (by user), doomed_inboxes (of deleted users), invitations, secrets
///
/// Text that may hold U+0000 is a blob: SQLite's text functions, and GRDB, end text there.
extension SQLiteBackend {
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
        return migrator
    }
}
