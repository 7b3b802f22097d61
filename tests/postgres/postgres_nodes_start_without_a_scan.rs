//! A node that starts reads no token, however many there are: neither `connect`, nor `create_tables`, nor the handle over them.
//! The first look-up reads one.
#![cfg(all(feature = "postgres", feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::time::Duration as StdDuration;

use common::forge::forged_with_id;
use common::postgres::{run, shared};
use personal_tokens::PersonalTokens;
use personal_tokens::store::sqlx::{PgConnection, query_as, query_scalar};
use personal_tokens::store::{CachedStore, PostgresStore};
use tokio::time::{Instant, sleep};

const PATIENCE: StdDuration = StdDuration::from_secs(60);

/// Scans of the table, scans of its indexes, and rows that were read.
type Read = (i64, i64, i64);

/// By all who have been there and are gone: a connection tells what it did when it ends.
async fn read(connection: &mut PgConnection) -> Read {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let began = Instant::now();
    while query_scalar::<_, i64>(others).fetch_one(&mut *connection).await.unwrap() > 0 {
        assert!(began.elapsed() < PATIENCE, "a connection outlives its store");
        sleep(StdDuration::from_millis(10)).await;
    }
    let read = "SELECT seq_scan, coalesce(idx_scan, 0)::bigint, seq_tup_read + coalesce(idx_tup_fetch, 0)::bigint \
                FROM pg_stat_user_tables WHERE relname = 'personal_tokens'";
    query_as(read).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_node_starts_without_a_scan() {
    let database = shared().new_database().await;
    let url = shared().url(&database);
    let first = PostgresStore::connect(&url).await.unwrap();
    first.create_tables().await.unwrap();
    first.close().await;
    let many = "ALTER TABLE personal_tokens SET (autovacuum_enabled = off);
        INSERT INTO personal_tokens (id, owner, name, digest_key, digest, scopes, created, never_expires, expiry_set)
        SELECT convert_to(lpad(n::text, 12, '0'), 'UTF8'), 'store-' || n / 10, 'token ' || n, 0,
               decode(repeat('00', 32), 'hex'), '', '2026-01-01', TRUE, '2026-01-01'
        FROM generate_series(1, 20000) AS numbers (n)";
    run(&mut shared().connect(&database).await, many).await;
    let mut beside = shared().connect(&database).await;
    let before = read(&mut beside).await;

    let store = PostgresStore::connect(&url).await.unwrap();
    store.create_tables().await.unwrap();
    let tokens = PersonalTokens::builder(CachedStore::new(store)).prefix("shop").build().unwrap();
    drop(tokens);
    assert_eq!(read(&mut beside).await, before);

    // That it is seen where somebody reads.
    let store = PostgresStore::connect(&url).await.unwrap();
    let tokens = PersonalTokens::builder(store).prefix("shop").build().unwrap();
    tokens.verify(&forged_with_id(*b"000000000077").0).await.unwrap_err();
    drop(tokens);
    assert_eq!(read(&mut beside).await, (before.0, before.1 + 1, before.2 + 1));
}
