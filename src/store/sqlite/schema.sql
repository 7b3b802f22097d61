-- personal-tokens: tables for SQLite 3.37 or later, version 1. Safe to run again.
-- Instants are microseconds since 1970 (UTC), from year 1 to year 9999.

CREATE TABLE IF NOT EXISTS personal_tokens (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    owner         TEXT    NOT NULL CHECK (length(CAST(owner AS BLOB)) BETWEEN 1 AND 255),
    name          TEXT    NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 255),
    -- SHA-256 over prefix, id and secret, and the number of the key that made it (0: none).
    digest_key    INTEGER NOT NULL CHECK (digest_key BETWEEN 0 AND 65535),
    digest        BLOB    NOT NULL CHECK (length(digest) = 32),
    -- As RFC 6749 writes them: sorted, with one space between.
    scopes        TEXT    NOT NULL CHECK (length(CAST(scopes AS BLOB)) <= 25599),
    created       INTEGER NOT NULL CHECK (created BETWEEN -62135596800000000 AND 253402300799999999),
    created_by    TEXT             CHECK (length(CAST(created_by AS BLOB)) BETWEEN 1 AND 255),
    -- An expiry that is missing is no "never": that is said.
    never_expires INTEGER NOT NULL CHECK (never_expires = (expires IS NULL)),
    expires       INTEGER          CHECK (expires BETWEEN -62135596800000000 AND 253402300799999999),
    expiry_set    INTEGER NOT NULL CHECK (expiry_set BETWEEN -62135596800000000 AND 253402300799999999),
    last_used     INTEGER          CHECK (last_used BETWEEN -62135596800000000 AND 253402300799999999),
    noticed       INTEGER          CHECK (noticed BETWEEN -62135596800000000 AND 253402300799999999),
    revoked       INTEGER          CHECK (revoked BETWEEN -62135596800000000 AND 253402300799999999),
    predecessor   BLOB             CHECK (length(predecessor) = 12),
    rotated       INTEGER          CHECK (rotated BETWEEN -62135596800000000 AND 253402300799999999),
    successor     BLOB             CHECK (length(successor) = 12),
    grace_ends    INTEGER          CHECK (grace_ends BETWEEN -62135596800000000 AND 253402300799999999),
    -- The earliest of revocation, end of grace and expiry; the greatest integer where nothing ends it.
    ended         INTEGER NOT NULL GENERATED ALWAYS AS (min(
                      coalesce(revoked, 9223372036854775807),
                      coalesce(grace_ends, 9223372036854775807),
                      coalesce(expires, 9223372036854775807)
                  )) VIRTUAL,
    CHECK ((rotated IS NULL) = (successor IS NULL) AND (rotated IS NULL) = (grace_ends IS NULL))
) STRICT, WITHOUT ROWID;

-- A name is held by one current token of an owner. The library sees to it; this stands behind it.
CREATE UNIQUE INDEX IF NOT EXISTS personal_tokens_name
    ON personal_tokens (owner, name) WHERE revoked IS NULL AND rotated IS NULL;

-- Lists, newest first.
CREATE INDEX IF NOT EXISTS personal_tokens_list ON personal_tokens (owner, created, id);

-- The limit of tokens that are current and unexpired.
CREATE INDEX IF NOT EXISTS personal_tokens_active
    ON personal_tokens (owner, ended) WHERE revoked IS NULL AND rotated IS NULL;

-- Notices of tokens that expire soon.
CREATE INDEX IF NOT EXISTS personal_tokens_expiring
    ON personal_tokens (expires, id) WHERE revoked IS NULL AND rotated IS NULL AND expires IS NOT NULL;

-- Pruning.
CREATE INDEX IF NOT EXISTS personal_tokens_ended
    ON personal_tokens (ended) WHERE ended < 9223372036854775807;

CREATE TABLE IF NOT EXISTS personal_tokens_schema (version INTEGER NOT NULL) STRICT;
INSERT INTO personal_tokens_schema (version) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM personal_tokens_schema);
