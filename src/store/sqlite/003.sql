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
) STRICT;

-- Partitions of which the worker takes nothing more, because too many of their records are not valid events: the
-- record at which it stands. Holds while the checkpoint has not passed that record.
CREATE TABLE held_partition (
    topic      TEXT NOT NULL,
    partition  INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    first      INTEGER NOT NULL,   -- from that record on
    bad        INTEGER NOT NULL,   -- so many are no events,
    of_records INTEGER NOT NULL,   -- of so many,
    reason     TEXT NOT NULL,      -- most of them because of this code
    since_ms   INTEGER NOT NULL,   -- milliseconds since 1970
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

-- How far an operator has accepted that records of a partition become dead letters, however many they are.
CREATE TABLE accepted_dead_letters (
    topic       TEXT NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,  -- the first one that is not accepted
    at_ms       INTEGER NOT NULL,  -- when that was decided, in milliseconds since 1970
    why         TEXT NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;
