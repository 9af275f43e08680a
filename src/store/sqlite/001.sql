-- What holds for the whole store: the fingerprint of the rules, and whether it was made for events that are made up.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- The counting revision of every record, and where it lies in the log.
CREATE TABLE ledger (
    source     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    digest     BLOB NOT NULL,      -- SHA-256 of the content: settles equal revisions
    event_id   TEXT,               -- NULL: <subject>.<revision>
    partition  INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    fact       BLOB NOT NULL,      -- what decides figures
    kind       TEXT NOT NULL,
    unit       TEXT,
    PRIMARY KEY (source, subject)
) STRICT, WITHOUT ROWID;

-- The revisions that do not count (any more).
CREATE TABLE earlier_revision (
    source     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    event_id   TEXT,
    partition  INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    fact       BLOB NOT NULL,
    kind       TEXT NOT NULL,
    unit       TEXT,
    PRIMARY KEY (source, subject, revision, digest)
) STRICT, WITHOUT ROWID;

-- The figures of a unit (as it was since a day) in a quarter.
CREATE TABLE cell (
    quarter TEXT NOT NULL,
    unit    TEXT NOT NULL,
    since   TEXT NOT NULL,
    figures BLOB NOT NULL,
    PRIMARY KEY (quarter, unit, since)
) STRICT, WITHOUT ROWID;

-- How far each partition is in the store, and how its records ended:
-- read = applied + duplicate + superseded + dead_lettered.
CREATE TABLE checkpoint (
    topic         TEXT NOT NULL,
    partition     INTEGER NOT NULL,
    next_offset   INTEGER NOT NULL,
    read          INTEGER NOT NULL,
    applied       INTEGER NOT NULL,
    duplicate     INTEGER NOT NULL,
    superseded    INTEGER NOT NULL,
    dead_lettered INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;
