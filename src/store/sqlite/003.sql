-- The log that the store is made from; no other is read into it.
CREATE TABLE bound_log (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    kind       TEXT NOT NULL,
    topic      TEXT NOT NULL,
    topic_id   TEXT,               -- NULL: the log gives none
    cluster_id TEXT
) STRICT;

-- Messages from_offset up to to_offset were gone before they were read, and somebody accepted to be without them.
CREATE TABLE gap (
    partition      INTEGER NOT NULL,
    from_offset    INTEGER NOT NULL,
    to_offset      INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    accepted_by    TEXT NOT NULL,
    PRIMARY KEY (partition, from_offset)
) STRICT, WITHOUT ROWID;
