-- Whether a generation was made for events that are made up. Before, each partition noted whether any of its events was.
ALTER TABLE {schema}.giaoban_generation ADD COLUMN IF NOT EXISTS synthetic boolean NOT NULL DEFAULT false;
UPDATE {schema}.giaoban_generation SET synthetic = EXISTS (SELECT FROM {schema}.checkpoint_{n} WHERE synthetic)
WHERE number = {n};
ALTER TABLE {schema}.checkpoint_{n} DROP COLUMN synthetic;
