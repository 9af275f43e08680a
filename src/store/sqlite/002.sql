-- The ledger in leaves: every record from a leaf's first key up to the next leaf's, in the order of their keys.
-- A key is source, line feed, subject. How records are packed: src/store/sqlite/leaf.rs.
CREATE TABLE leaf (
    id      INTEGER PRIMARY KEY,
    first   TEXT NOT NULL UNIQUE,
    count   INTEGER NOT NULL,
    records BLOB NOT NULL
) STRICT;
INSERT INTO leaf (first, count, records) VALUES ('', 0, x'');

-- When the log took the last record before next_offset: tells the log from one recreated.
ALTER TABLE checkpoint ADD COLUMN last_timestamp_ms INTEGER;
