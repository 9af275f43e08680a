-- The passwords of both roles, from the files that docker-compose.yml makes; psql reads them, so that no statement in
-- the server's log or in a shell's history has one.
\set writer `cat /run/secrets/writer/password`
\set reader `cat /run/secrets/reader/password`
ALTER ROLE giaoban_writer PASSWORD :'writer';
ALTER ROLE giaoban_reader PASSWORD :'reader';
