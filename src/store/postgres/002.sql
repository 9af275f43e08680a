-- Whether a generation was made for events that are made up. Before, each partition noted whether any of its events was.
ALTER TABLE {schema}.giaoban_generation ADD COLUMN IF NOT EXISTS synthetic boolean NOT NULL DEFAULT false;
UPDATE {schema}.giaoban_generation SET synthetic = EXISTS (SELECT FROM {schema}.checkpoint_{n} WHERE synthetic)
WHERE number = {n};
ALTER TABLE {schema}.checkpoint_{n} DROP COLUMN synthetic;

-- The log that the store is made from; no other is read into it.
CREATE TABLE {schema}.bound_log_{n} (
    one        integer PRIMARY KEY CHECK (one = 1),
    kind       text NOT NULL,
    topic      text NOT NULL,
    topic_id   text,               -- NULL: the log gives none
    cluster_id text
);

-- Messages from_offset up to to_offset were gone before they were read, and somebody accepted to be without them.
CREATE TABLE {schema}.gap_{n} (
    partition      integer NOT NULL,
    from_offset    bigint NOT NULL,
    to_offset      bigint NOT NULL,
    accepted_at_ms bigint NOT NULL,
    accepted_by    text NOT NULL,
    PRIMARY KEY (partition, from_offset)
);

-- Partitions of which no worker takes anything more, because too many of their records are not valid events: the
-- record at which it stands. Holds while the checkpoint has not passed that record.
CREATE TABLE {schema}.held_partition_{n} (
    topic      text COLLATE "C" NOT NULL,
    partition  integer NOT NULL,
    log_offset bigint NOT NULL,
    first      bigint NOT NULL,    -- from that record on
    bad        bigint NOT NULL,    -- so many are no events,
    of_records bigint NOT NULL,    -- of so many,
    reason     text NOT NULL,      -- most of them because of this code
    since_ms   bigint NOT NULL,    -- milliseconds since 1970
    PRIMARY KEY (topic, partition)
);

-- How far an operator has accepted that records of a partition become dead letters, however many they are.
CREATE TABLE {schema}.accepted_dead_letters_{n} (
    topic       text COLLATE "C" NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL,   -- the first one that is not accepted
    at_ms       bigint NOT NULL,   -- when that was decided, in milliseconds since 1970
    why         text NOT NULL,
    PRIMARY KEY (topic, partition)
);
