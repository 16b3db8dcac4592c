extension PostgresSchema {
    /// The key directory, by user, and the key log, of the whole installation:
    ///
    ///     users ──1:1── key_accounts ──1:n── key_states ───── log_entries (a state and its place in the log)
    ///       └─────1:n── key_certificates ──── key_devices ──1:n── one_time_keys   (devices of the newest state)
    ///     claim_allowances, link_notes, log_entries ──1:256── log_tiles, log_accounts, log_head (one row)
    ///
    /// Locks are taken behind those of the other tables: the row in `key_accounts`, which claims take alone, then keys, and
    /// the head of the log last. What a user publishes changes only under the lock of the inbox.
    static let keys = [
        "ALTER TABLE inboxes ADD COLUMN keys_version bigint NOT NULL DEFAULT 0",
        """
        CREATE TABLE key_accounts (
            user_id bigint PRIMARY KEY,
            states_free_at bigint NOT NULL                -- of the limit of new states
        )
        """,
        """
        CREATE TABLE key_states (
            user_id bigint NOT NULL,
            seq bigint NOT NULL,
            place bigint NOT NULL,                        -- in the log
            state bytea NOT NULL,                         -- signed, like all objects here
            PRIMARY KEY (user_id, seq)
        )
        """,
        "CREATE TABLE key_certificates (user_id bigint, hash bytea, certificate bytea NOT NULL, PRIMARY KEY (user_id, hash))",
        """
        CREATE TABLE key_devices (                        -- those in the newest state
            user_id bigint NOT NULL,
            device bytea NOT NULL,
            certificate bytea NOT NULL,                   -- its hash
            owner bigint,                                 -- in devices, if it is still there
            rotating bytea,
            sealed_through bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (user_id, device)
        )
        """,
        """
        CREATE TABLE one_time_keys (
            user_id bigint NOT NULL,
            device bytea NOT NULL,
            id bytea NOT NULL,
            position bigint NOT NULL,                     -- they are handed out in this order
            expires_at bigint NOT NULL,
            record bytea,                                 -- null once the claim is forgotten
            claimer_id bigint,
            request text COLLATE "C",
            claimed_at bigint,
            PRIMARY KEY (user_id, device, id)
        )
        """,
        "CREATE INDEX one_time_keys_waiting ON one_time_keys (user_id, device, position) WHERE claimed_at IS NULL",
        "CREATE INDEX one_time_keys_claimed ON one_time_keys (claimer_id, request) WHERE claimer_id IS NOT NULL",
        "CREATE INDEX one_time_keys_remembered ON one_time_keys (claimed_at) WHERE claimer_id IS NOT NULL",
        "CREATE INDEX one_time_keys_expiring ON one_time_keys (expires_at)",
        """
        CREATE TABLE claim_allowances (
            claimer_id bigint NOT NULL, user_id bigint NOT NULL, free_at bigint NOT NULL, PRIMARY KEY (claimer_id, user_id)
        )
        """,
        "CREATE INDEX claim_allowances_of_user ON claim_allowances (user_id)",
        "CREATE INDEX claim_allowances_free ON claim_allowances (free_at)",
        """
        CREATE TABLE link_notes (
            user_id bigint NOT NULL, id bytea NOT NULL, data bytea NOT NULL, expires_at bigint NOT NULL,
            PRIMARY KEY (user_id, id)
        )
        """,
        "CREATE INDEX link_notes_expiring ON link_notes (expires_at)",
        """
        CREATE TABLE log_entries (
            place bigint PRIMARY KEY,
            entry bytea NOT NULL,
            salt bytea,                                   -- null, like the record, once both are erased
            record bytea,
            tombstone bigint,                             -- the place of the one that covers it
            erase_at bigint                               -- null when nothing is to be erased, or it is done
        )
        """,
        "CREATE INDEX log_entries_erasing ON log_entries (erase_at) WHERE erase_at IS NOT NULL",
        // All that were ever in the log: an account that comes back would contradict its tombstone.
        "CREATE TABLE log_accounts (account bytea PRIMARY KEY)",
        """
        CREATE TABLE log_tiles (                          -- full or not: a tile grows in its place
            level bigint NOT NULL, number bigint NOT NULL, hashes bytea NOT NULL, PRIMARY KEY (level, number)
        )
        """,
        """
        CREATE TABLE log_head (
            id bigint PRIMARY KEY CHECK (id = 1),
            size bigint NOT NULL,
            checkpoint bytea NOT NULL,                    -- a signed note
            cosigned_at bigint NOT NULL
        )
        """,
    ]
}
