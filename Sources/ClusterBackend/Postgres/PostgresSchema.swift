/// The schema, as drawn:
///
///     users ──1:1── inboxes ──1:n── messages          (the inbox row counts; the log is keyed by user and number)
///       └─────1:n── devices ──1:n── passed_over       (a device row is also its session: `token` is null when logged out)
///                      ├─1:1 stream_attachments       (the listener that holds the device's live stream)
///                      └─1:1 callbacks_due            (something may wait to be pushed; the sender that does it)
///     idempotency_keys (by user), doomed_inboxes (of deleted users)
///     blobs ──1:n── blob_pieces (by blob: PostgresSchema+blobs.swift)
///     nodes, ended_sessions, users, invitations, secrets, imports; keys and their log: PostgresSchema+keys.swift
///
/// All but those of the last two lines are keyed by user first, so that they can be distributed by it (as Citus does), with the
/// last line as reference tables. In a transaction, locks are taken in this order: user, inboxes by id, keys, devices by id,
/// attachments, callbacks. A user's attachments and callbacks come and go only under the lock of the inbox.
///
/// No indexed column of an inbox or device changes in normal work, and half of each page is left free, so that updates stay
/// on their page (HOT). Text that may hold U+0000 is `bytea`. All times are milliseconds since 1970.
enum PostgresSchema {
    /// Each brings a database from the version of its place to the next. Never changed once released.
    ///
    /// A listener of the version before must be able to work on the result: columns are added with defaults, and what is
    /// not used any more is dropped a version later.
    static let migrations: [[String]] = [
        [
            """
            CREATE TABLE users (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                username text COLLATE "C" NOT NULL UNIQUE,
                phone bytea NOT NULL UNIQUE,                  -- an HMAC
                password_hash text NOT NULL,
                public_key bytea NOT NULL DEFAULT '',
                created_at bigint NOT NULL
            )
            """,
            """
            CREATE TABLE inboxes (
                user_id bigint PRIMARY KEY,
                next bigint NOT NULL DEFAULT 1,               -- the next number
                received_through bigint NOT NULL DEFAULT 0,   -- by devices that have gone; those there are count themselves
                dropped_through bigint NOT NULL DEFAULT 0,    -- no message up to it is left
                messages bigint NOT NULL DEFAULT 0,           -- rows in the log
                bytes bigint NOT NULL DEFAULT 0,              -- of their bodies
                live_keys bigint NOT NULL DEFAULT 0           -- this user's rows in idempotency_keys
            ) WITH (fillfactor = 50)
            """,
            """
            CREATE TABLE messages (
                user_id bigint NOT NULL,
                number bigint NOT NULL,
                sender_id bigint NOT NULL,
                sender_username text NOT NULL,
                send_date text NOT NULL,
                accepted_at bigint NOT NULL,
                body bytea NOT NULL,
                PRIMARY KEY (user_id, number)
            )
            """,
            """
            CREATE TABLE idempotency_keys (
                user_id bigint NOT NULL,
                key text COLLATE "C" NOT NULL,
                fingerprint bytea NOT NULL,
                receivers bigint NOT NULL,
                created_at bigint NOT NULL,
                PRIMARY KEY (user_id, key)
            )
            """,
            "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)",
            "CREATE SEQUENCE device_ids",
            """
            CREATE TABLE devices (
                user_id bigint NOT NULL,
                id bigint NOT NULL DEFAULT nextval('device_ids'),
                cursor bigint NOT NULL,
                acknowledged bigint NOT NULL DEFAULT 0,       -- the highest acknowledgement of this device
                generation bigint NOT NULL DEFAULT 1,         -- rises with each login and logout
                token bytea,                                  -- SHA-256
                token_used bigint NOT NULL,
                last_seen bigint NOT NULL,
                address bytea NOT NULL,                       -- user_address as it came
                pushes boolean NOT NULL,                      -- callbacks go to the address
                origin text NOT NULL,                         -- the login's client address
                origin_forwarded boolean NOT NULL,
                origin_key text NOT NULL,
                secret bytea NOT NULL,
                old_secret bytea,
                old_secret_until bigint NOT NULL DEFAULT 0,
                failing_since bigint,
                refused_number bigint,
                refused_since bigint,
                PRIMARY KEY (user_id, id)
            ) WITH (fillfactor = 50)
            """,
            "CREATE INDEX devices_by_id ON devices (id)",
            "CREATE INDEX devices_by_token ON devices (token) WHERE token IS NOT NULL",
            "CREATE INDEX devices_failing ON devices (failing_since) WHERE failing_since IS NOT NULL",
            """
            CREATE TABLE passed_over (
                user_id bigint NOT NULL, device_id bigint NOT NULL, number bigint NOT NULL, PRIMARY KEY (user_id, device_id, number)
            )
            """,
            "CREATE INDEX passed_over_by_device ON passed_over (device_id)",
            """
            CREATE TABLE stream_attachments (
                user_id bigint NOT NULL, device_id bigint NOT NULL, node bigint NOT NULL, epoch bigint NOT NULL,
                PRIMARY KEY (user_id, device_id)
            ) WITH (fillfactor = 50)
            """,
            "CREATE INDEX stream_attachments_by_node ON stream_attachments (node)",
            """
            CREATE TABLE callbacks_due (
                user_id bigint NOT NULL, device_id bigint NOT NULL, node bigint, PRIMARY KEY (user_id, device_id)
            ) WITH (fillfactor = 50)
            """,
            "CREATE INDEX callbacks_due_by_node ON callbacks_due (node)",
            "CREATE INDEX callbacks_due_by_device ON callbacks_due (device_id)",
            "CREATE TABLE doomed_inboxes (user_id bigint PRIMARY KEY)",
            """
            CREATE TABLE nodes (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                role text NOT NULL,
                alive_until timestamptz NOT NULL,             -- by this database's clock
                dead boolean NOT NULL DEFAULT false           -- it did not renew in time, and may not any more
            ) WITH (fillfactor = 50)
            """,
            """
            CREATE TABLE ended_sessions (                     -- what other listeners may still hold for alive
                transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
                device_id bigint NOT NULL,
                generation bigint NOT NULL,                   -- of the device since: older sessions have ended
                ended_at timestamptz NOT NULL DEFAULT now()
            )
            """,
            "CREATE INDEX ended_sessions_by_transaction ON ended_sessions (transaction)",
            "CREATE TABLE invitations (code bytea PRIMARY KEY, expires_at bigint NOT NULL)",
            "CREATE TABLE secrets (name text COLLATE \"C\" PRIMARY KEY, value bytea NOT NULL)",
            """
            CREATE TABLE imports (                            -- the installation that is, or was, copied into this database
                copy text PRIMARY KEY,
                run bigint NOT NULL,                          -- rises with each attempt; only the latest may write
                complete boolean NOT NULL DEFAULT false       -- until then the database serves nobody
            )
            """,
        ],
        keys,
        blobs,
    ]

    /// All that a process reads and writes.
    static let tables = [
        "users", "inboxes", "messages", "idempotency_keys", "devices", "passed_over", "stream_attachments", "callbacks_due",
        "doomed_inboxes", "nodes", "ended_sessions", "invitations", "secrets", "imports", "schema_versions", "key_accounts",
        "key_states", "key_certificates", "key_devices", "one_time_keys", "claim_allowances", "link_notes", "log_entries",
        "log_accounts", "log_tiles", "log_head", "blobs", "blob_pieces",
    ]
    static let sequences = ["device_ids"]

    static var version: Int64 { Int64(migrations.count) }
    /// Held while a schema is brought up to date, so that two programs do not do it at once.
    static let advisoryLock: Int64 = 0x6D65_7373_656E_6772
}
