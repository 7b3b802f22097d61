//! Of a commit that fails, or that comes after its caller has gone, nothing is said that is not so; and when it lands, no
//! cache answers what was before (failures 20, 30).
#![cfg(all(feature = "postgres", feature = "cache", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::outage::{Shop, in_time};
use common::postgres::{run, shared};
use common::{owner, rejection};
use personal_tokens::store::sqlx::{self, PgConnection};
use personal_tokens::store::{CachedStore, PostgresStore, StoreError, TokenStore as _};
use personal_tokens::{ChangeError, PersonalTokens, Rejection, TokenChange};
use tokio::time::{sleep, timeout};

/// For whatever takes no longer unless it hangs.
const PATIENCE: StdDuration = StdDuration::from_secs(60);

/// From now on each commit of an update waits for whoever holds this lock.
const COMMITS_WAIT: &str = "
    CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON personal_tokens
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION waits()";

#[tokio::test]
async fn a_commit_whose_connection_is_killed_is_no_success() {
    let server = shared();
    let database = server.new_database().await;
    let shop = Shop::on(server.pool(&database, 3)).await;
    let [mut other, mut killer] = [server.connect(&database).await, server.connect(&database).await];
    let before = shop.rows().await;
    run(&mut other, COMMITS_WAIT).await;
    run(&mut other, "SELECT pg_advisory_lock(42)").await;
    let (owner, id) = (owner(), shop.active.record.id);
    let killing = async {
        waits(&mut killer, "COMMIT").await;
        run(&mut killer, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WAITING}")).await;
    };
    let renaming = shop.tokens.update(&owner, id, TokenChange::new().name("renamed"));
    let (renamed, ()) = tokio::join!(in_time(renaming), killing);
    assert!(matches!(renamed, Err(ChangeError::Store(StoreError::Unavailable(_)))), "{renamed:?}");
    run(&mut other, "SELECT pg_advisory_unlock(42)").await;
    assert_eq!(shop.rows().await, before);
    shop.assert_all_goes_on().await;
}

#[tokio::test]
async fn a_commit_that_takes_too_long_may_be_done_and_says_so() {
    let server = shared();
    let database = server.new_database().await;
    let shop = Shop::on(server.pool(&database, 3)).await;
    let mut other = server.connect(&database).await;
    run(&mut other, COMMITS_WAIT).await;
    run(&mut other, "SELECT pg_advisory_lock(42)").await;
    let revoked = in_time(shop.tokens.revoke(&owner(), shop.active.record.id)).await;
    assert!(matches!(revoked, Err(ChangeError::Store(StoreError::TimedOut(_)))), "{revoked:?}");
    run(&mut other, "SELECT pg_advisory_unlock(42)").await;
    shop.tokens.revoke(&owner(), shop.active.record.id).await.unwrap();
    assert_eq!(rejection(&shop.tokens, shop.active.token.expose()).await, Some(Rejection::Revoked));
}

#[tokio::test]
async fn a_revoke_that_lands_after_its_call_is_gone_is_seen_at_once() {
    let server = shared();
    let database = server.new_database().await;
    let shop = Shop::on(server.pool(&database, 3)).await;
    let store = PostgresStore::from_pool(shop.pool.clone()).deadline(StdDuration::from_secs(4));
    let cached = Arc::new(CachedStore::new(store));
    let tokens = PersonalTokens::builder(Arc::clone(&cached)).prefix("shop").build().unwrap();
    let [mut before, mut at_commit] = [server.connect(&database).await, server.connect(&database).await];
    let mut watcher = server.connect(&database).await;
    run(&mut before, COMMITS_WAIT).await;
    run(&mut before, "BEGIN; SELECT FROM personal_tokens FOR UPDATE").await;
    run(&mut at_commit, "SELECT pg_advisory_lock(42)").await;

    let (owner, id, token) = (owner(), shop.active.record.id, shop.active.token.expose());
    tokens.verify(token).await.unwrap();
    let delaying = async {
        waits(&mut watcher, "%").await;
        // The server gives up a commit that waits, but later than its caller does, by as long as this took.
        sleep(StdDuration::from_secs(2)).await;
        run(&mut before, "ROLLBACK").await;
        waits(&mut watcher, "COMMIT").await;
    };
    let (revoked, ()) = tokio::join!(in_time(tokens.revoke(&owner, id)), delaying);
    assert!(matches!(revoked, Err(ChangeError::Store(StoreError::TimedOut(_)))), "{revoked:?}");
    // So far it is not revoked, and nobody may rely on that.
    for _ in 0..3 {
        tokens.verify(token).await.unwrap();
    }
    run(&mut at_commit, "SELECT pg_advisory_unlock(42)").await;
    let landing = async {
        while cached.inner().find(id).await.unwrap().unwrap().revoked.is_none() {
            sleep(StdDuration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, landing).await.expect("it lands");
    assert_eq!(rejection(&tokens, token).await, Some(Rejection::Revoked));
}

/// Who waits for a lock in this database.
const WAITING: &str = "datname = current_database() AND wait_event_type = 'Lock'";

/// Until a statement like that does.
async fn waits(watcher: &mut PgConnection, like: &str) {
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE {WAITING} AND query LIKE '{like}'");
    let count = || sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count.clone()));
    let waiting = async {
        while count().fetch_one(&mut *watcher).await.unwrap() == 0 {
            sleep(StdDuration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it waits");
}
