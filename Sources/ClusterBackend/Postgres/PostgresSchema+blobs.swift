extension PostgresSchema {
    /// Blobs and their pieces, by the blob. A blob's row is locked before its pieces are written; a user's blobs are added
    /// under the lock of the inbox.
    static let blobs = [
        """
        CREATE TABLE blobs (
            id bytea PRIMARY KEY,
            user_id bigint NOT NULL,
            length bigint NOT NULL,
            received bigint NOT NULL,
            expires_at bigint NOT NULL                    -- 0: deleted, or the user is
        )
        """,
        "CREATE INDEX blobs_of_user ON blobs (user_id)",
        "CREATE INDEX blobs_expiring ON blobs (expires_at)",
        """
        CREATE TABLE blob_pieces (
            blob bytea NOT NULL, number bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (blob, number)
        )
        """,
        // What is encrypted does not become smaller.
        "ALTER TABLE blob_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL",
    ]
}
