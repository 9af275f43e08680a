-- Every generation of the figures: a replay builds the next one beside the one in force.
CREATE TABLE {schema}.giaoban_generation (
    number   integer PRIMARY KEY CHECK (number > 0),
    version  integer NOT NULL,     -- of the schema of its tables, which end in its number
    rules    bytea,                -- fingerprint of the rules that its figures are made by; NULL while it is empty
    in_force boolean NOT NULL
);
CREATE UNIQUE INDEX giaoban_generation_in_force ON {schema}.giaoban_generation (in_force) WHERE in_force;
INSERT INTO {schema}.giaoban_generation (number, version, in_force) VALUES (1, 0, true);
