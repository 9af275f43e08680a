-- Two roles for giaoban, to be run once by an administrator in the database giaoban:
--   createdb giaoban && psql -d giaoban -f roles.sql
-- Then give each a password (\password giaoban_writer), and in store.url name
--   giaoban_writer for worker and replay, giaoban_reader for rollup, records, report and pages.

CREATE ROLE giaoban_writer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE giaoban_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;

-- The writer makes its tables, in its own schema alone.
GRANT CONNECT ON DATABASE giaoban TO giaoban_writer, giaoban_reader;
CREATE SCHEMA giaoban AUTHORIZATION giaoban_writer;

-- The reader reads what the writer has made and will make, and changes nothing.
GRANT USAGE ON SCHEMA giaoban TO giaoban_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE giaoban_writer IN SCHEMA giaoban GRANT SELECT ON TABLES TO giaoban_reader;
