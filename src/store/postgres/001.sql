-- The counting revision of every record, and where it lies in the log.
CREATE TABLE {schema}.ledger_{n} (
    source     text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    revision   bigint NOT NULL,
    digest     bytea NOT NULL,     -- SHA-256 of the content: settles equal revisions
    event_id   text,               -- NULL: <subject>.<revision>
    partition  integer NOT NULL,
    log_offset bigint NOT NULL,
    fact       bytea NOT NULL,     -- what decides figures
    kind       text NOT NULL,
    unit       text,
    PRIMARY KEY (source, subject)
);

-- The revisions that do not count (any more).
CREATE TABLE {schema}.earlier_revision_{n} (
    source     text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    revision   bigint NOT NULL,
    digest     bytea NOT NULL,
    event_id   text,
    partition  integer NOT NULL,
    log_offset bigint NOT NULL,
    fact       bytea NOT NULL,
    kind       text NOT NULL,
    unit       text,
    PRIMARY KEY (source, subject, revision, digest)
);

-- The figures of a unit (as it was since a day) in a quarter. Workers that write at the same time
-- write to different slots, so that none waits for another: the sum over the slots is the figure.
CREATE TABLE {schema}.cell_{n} (
    quarter text COLLATE "C" NOT NULL,
    unit    text COLLATE "C" NOT NULL,
    since   text COLLATE "C" NOT NULL,
    slot    integer NOT NULL,
    figures bytea NOT NULL,
    PRIMARY KEY (quarter, unit, since, slot)
) WITH (fillfactor = 50);          -- every batch writes some of them again: room for that in the same page

-- How far each partition is in the store, and how its records ended:
-- read = applied + duplicate + superseded + dead_lettered.
CREATE TABLE {schema}.checkpoint_{n} (
    topic         text COLLATE "C" NOT NULL,
    partition     integer NOT NULL,
    next_offset   bigint NOT NULL,
    read          bigint NOT NULL,
    applied       bigint NOT NULL,
    duplicate     bigint NOT NULL,
    superseded    bigint NOT NULL,
    dead_lettered bigint NOT NULL,
    synthetic     boolean NOT NULL,   -- whether any of its events says that it is made up
    last_timestamp_ms bigint,         -- when the log took the last record: tells the log from one recreated
    PRIMARY KEY (topic, partition)
);
