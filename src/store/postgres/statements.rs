//! Every statement of the store, with its schema written in.

use std::sync::Arc;

use crate::store::sql::with_columns;

use super::schema::Schema;

macro_rules! statements {
    ($($(#[$comment:meta])* $name:ident = $sql:expr;)*) => {
        pub(super) struct Statements {
            $($(#[$comment])* pub(super) $name: Arc<str>,)*
        }

        impl Statements {
            pub(super) fn within(schema: &Schema) -> Self {
                Self { $($name: schema.within($sql).into(),)* }
            }
        }
    };
}

/// What is or could become active; an owner's.
macro_rules! revocable {
    () => {
        "owner = $1 AND revoked IS NULL AND (rotated IS NULL OR (grace_ends > rotated AND ended > $2))"
    };
}

/// A grace that was cut, or was none, is over whatever the instant.
macro_rules! active {
    () => {
        "(revoked IS NULL AND ended > $5 AND (rotated IS NULL OR grace_ends > rotated))"
    };
}

macro_rules! list {
    ($condition:expr) => {
        with_columns_and!(
            "FROM {schema}.personal_tokens WHERE owner = $1 AND (created, id) < ($2, $3)",
            $condition,
            " ORDER BY created DESC, id DESC LIMIT $4"
        )
    };
}

macro_rules! with_columns_and {
    ($from:literal, $condition:expr, $order:literal) => {
        concat!(with_columns!("SELECT", ""), $from, $condition, $order)
    };
}

/// The whole record as one value. What its id is equal to comes behind it.
macro_rules! record {
    ($is:literal) => {
        concat!(
            with_columns!("SELECT pg_catalog.record_send(ROW(", ")) FROM {schema}.personal_tokens WHERE id = "),
            $is
        )
    };
}

statements! {
    /// With what a standby tells of itself, whether there is such a token or not.
    find = concat!("SELECT pg_catalog.pg_is_in_recovery(), (", record!("$1"), ")");
    /// Without the id.
    record = record!("");
    list_all = list!("");
    list_active = list!(concat!(" AND ", active!()));
    list_ended = list!(concat!(" AND NOT ", active!()));
    expiring = with_columns!(
        "SELECT",
        "FROM {schema}.personal_tokens WHERE revoked IS NULL AND rotated IS NULL AND expires IS NOT NULL \
         AND (expires, id) > ($1, $2) AND expires <= $3 ORDER BY expires, id LIMIT $4"
    );
    /// One at a time for each owner, of all nodes. By itself: what is read behind it is read once it is held.
    lock = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1 COLLATE \"C\", \
            pg_catalog.hashtextextended('{schema}.personal_tokens' COLLATE \"C\", 0)))";
    /// The target, its predecessor, and who holds the name; locked, since whoever edits by hand takes no lock of ours.
    gather = concat!(
        with_columns!(
            "SELECT *, 'target' AS part FROM (SELECT",
            "FROM {schema}.personal_tokens WHERE id = $1 AND owner = $2 FOR NO KEY UPDATE) AS target UNION ALL "
        ),
        with_columns!(
            "SELECT *, 'predecessor' FROM (SELECT",
            "FROM {schema}.personal_tokens WHERE id = (SELECT predecessor FROM {schema}.personal_tokens WHERE id = $1) \
             AND owner = $2 FOR NO KEY UPDATE) AS predecessor UNION ALL "
        ),
        with_columns!(
            "SELECT *, 'holder' FROM (SELECT",
            "FROM {schema}.personal_tokens WHERE owner = $2 AND name = $3 AND revoked IS NULL AND rotated IS NULL \
             FOR NO KEY UPDATE) AS holder"
        )
    );
    count = "SELECT count(*) FROM (SELECT 1 FROM {schema}.personal_tokens WHERE owner = $1 AND revoked IS NULL \
             AND rotated IS NULL AND ended > $2 LIMIT $3) AS active";
    insert = with_columns!(
        "INSERT INTO {schema}.personal_tokens (",
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         ON CONFLICT (id) DO NOTHING"
    );
    update = "UPDATE {schema}.personal_tokens SET name = $1, scopes = $2, never_expires = $3, expires = $4, \
              expiry_set = $5, revoked = $6, rotated = $7, successor = $8, grace_ends = $9 WHERE id = $10";
    revoke_all =
        concat!("UPDATE {schema}.personal_tokens SET revoked = $2 WHERE ", revocable!(), " RETURNING id");
    revocable = concat!("SELECT id FROM {schema}.personal_tokens WHERE ", revocable!());
    revoke = "UPDATE {schema}.personal_tokens SET revoked = $2 WHERE id = $1";
    /// In the order of ids, over what nobody else holds: nobody waits, and what waits for nobody makes no deadlock.
    touch = "WITH used AS (SELECT * FROM unnest($1::bytea[], $2::timestamptz[], $3::timestamptz[]) AS used (id, at, stale)), \
             stale AS (SELECT token.id, used.at FROM {schema}.personal_tokens AS token JOIN used ON used.id = token.id \
             WHERE token.last_used IS NULL OR (token.last_used < used.at AND token.last_used <= used.stale) \
             ORDER BY token.id FOR NO KEY UPDATE OF token SKIP LOCKED) \
             UPDATE {schema}.personal_tokens AS token SET last_used = stale.at FROM stale WHERE token.id = stale.id";
    claim = "UPDATE {schema}.personal_tokens SET noticed = $3 WHERE id = $1 AND noticed IS NOT DISTINCT FROM $2";
    ended = with_columns!(
        "SELECT",
        ", ended FROM {schema}.personal_tokens WHERE ended < $1 AND ended < 'infinity' AND (ended, id) > ($2, $3) \
         ORDER BY ended, id LIMIT $4 FOR UPDATE SKIP LOCKED"
    );
    delete = "DELETE FROM {schema}.personal_tokens WHERE id = ANY ($1)";
}
