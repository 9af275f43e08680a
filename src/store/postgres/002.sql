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
