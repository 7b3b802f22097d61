-- personal-tokens: tables for PostgreSQL 14 or later, version 1. Safe to run again. The schema must be there.
-- Instants from year 1 to year 9999 (UTC).

CREATE TABLE IF NOT EXISTS {schema}.personal_tokens (
    id            bytea             NOT NULL PRIMARY KEY CHECK (octet_length(id) = 12),
    owner         text COLLATE "C"  NOT NULL CHECK (octet_length(owner) BETWEEN 1 AND 255),
    name          text COLLATE "C"  NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 255),
    -- SHA-256 over prefix, id and secret, and the number of the key that made it (0: none).
    digest_key    integer           NOT NULL CHECK (digest_key BETWEEN 0 AND 65535),
    digest        bytea             NOT NULL CHECK (octet_length(digest) = 32),
    -- As RFC 6749 writes them: sorted, with one space between.
    scopes        text COLLATE "C"  NOT NULL CHECK (octet_length(scopes) <= 25599),
    created       timestamptz       NOT NULL CHECK (created >= '0001-01-01 00:00:00+00' AND created < '10000-01-01 00:00:00+00'),
    created_by    text COLLATE "C"           CHECK (octet_length(created_by) BETWEEN 1 AND 255),
    -- An expiry that is missing is no "never": that is said.
    never_expires boolean           NOT NULL CHECK (never_expires = (expires IS NULL)),
    expires       timestamptz                CHECK (expires >= '0001-01-01 00:00:00+00' AND expires < '10000-01-01 00:00:00+00'),
    expiry_set    timestamptz       NOT NULL CHECK (expiry_set >= '0001-01-01 00:00:00+00' AND expiry_set < '10000-01-01 00:00:00+00'),
    last_used     timestamptz                CHECK (last_used >= '0001-01-01 00:00:00+00' AND last_used < '10000-01-01 00:00:00+00'),
    noticed       timestamptz                CHECK (noticed >= '0001-01-01 00:00:00+00' AND noticed < '10000-01-01 00:00:00+00'),
    revoked       timestamptz                CHECK (revoked >= '0001-01-01 00:00:00+00' AND revoked < '10000-01-01 00:00:00+00'),
    predecessor   bytea                      CHECK (octet_length(predecessor) = 12),
    rotated       timestamptz                CHECK (rotated >= '0001-01-01 00:00:00+00' AND rotated < '10000-01-01 00:00:00+00'),
    successor     bytea                      CHECK (octet_length(successor) = 12),
    grace_ends    timestamptz                CHECK (grace_ends >= '0001-01-01 00:00:00+00' AND grace_ends < '10000-01-01 00:00:00+00'),
    -- The earliest of revocation, end of grace and expiry; infinity where nothing ends it.
    ended         timestamptz       NOT NULL GENERATED ALWAYS AS (COALESCE(LEAST(revoked, grace_ends, expires), 'infinity')) STORED,
    CHECK ((rotated IS NULL) = (successor IS NULL) AND (rotated IS NULL) = (grace_ends IS NULL))
) WITH (fillfactor = 45);

-- No index on last_used, and none whose predicate reads it, and half of each page free: so that a flush which writes the last
-- use of every token of a page stays within the page (HOT).

-- A name is held by one current token of an owner. The library sees to it; this stands behind it.
CREATE UNIQUE INDEX IF NOT EXISTS personal_tokens_name
    ON {schema}.personal_tokens (owner, name) WHERE revoked IS NULL AND rotated IS NULL;

-- Lists, newest first.
CREATE INDEX IF NOT EXISTS personal_tokens_list ON {schema}.personal_tokens (owner, created, id);

-- The limit of tokens that are current and unexpired.
CREATE INDEX IF NOT EXISTS personal_tokens_active
    ON {schema}.personal_tokens (owner, ended) WHERE revoked IS NULL AND rotated IS NULL;

-- Notices of tokens that expire soon.
CREATE INDEX IF NOT EXISTS personal_tokens_expiring
    ON {schema}.personal_tokens (expires, id) WHERE revoked IS NULL AND rotated IS NULL AND expires IS NOT NULL;

-- Pruning.
CREATE INDEX IF NOT EXISTS personal_tokens_ended ON {schema}.personal_tokens (ended, id) WHERE ended < 'infinity';

-- Tells nodes that cache tokens what to forget: the id as in URLs and logs, or nothing where it may be any.
CREATE OR REPLACE FUNCTION {schema}.personal_tokens_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_catalog.pg_notify('personal_tokens:' || TG_TABLE_SCHEMA, '');
    ELSE
        PERFORM pg_catalog.pg_notify(
            'personal_tokens:' || TG_TABLE_SCHEMA,
            pg_catalog.translate(pg_catalog.encode(OLD.id, 'base64'), '+/', '-_')
        );
    END IF;
    RETURN NULL;
END
$$;

-- All but last_used and noticed, which no verdict depends on.
CREATE OR REPLACE TRIGGER personal_tokens_updated AFTER UPDATE ON {schema}.personal_tokens FOR EACH ROW
    WHEN (
        (OLD.id, OLD.owner, OLD.name, OLD.digest_key, OLD.digest, OLD.scopes, OLD.created, OLD.created_by, OLD.never_expires,
         OLD.expires, OLD.expiry_set, OLD.revoked, OLD.predecessor, OLD.rotated, OLD.successor, OLD.grace_ends)
        IS DISTINCT FROM
        (NEW.id, NEW.owner, NEW.name, NEW.digest_key, NEW.digest, NEW.scopes, NEW.created, NEW.created_by, NEW.never_expires,
         NEW.expires, NEW.expiry_set, NEW.revoked, NEW.predecessor, NEW.rotated, NEW.successor, NEW.grace_ends)
    )
    EXECUTE FUNCTION {schema}.personal_tokens_tell();
CREATE OR REPLACE TRIGGER personal_tokens_deleted AFTER DELETE ON {schema}.personal_tokens FOR EACH ROW
    EXECUTE FUNCTION {schema}.personal_tokens_tell();
CREATE OR REPLACE TRIGGER personal_tokens_truncated AFTER TRUNCATE ON {schema}.personal_tokens FOR EACH STATEMENT
    EXECUTE FUNCTION {schema}.personal_tokens_tell();

CREATE TABLE IF NOT EXISTS {schema}.personal_tokens_schema (version bigint NOT NULL);
INSERT INTO {schema}.personal_tokens_schema (version)
    SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {schema}.personal_tokens_schema);
