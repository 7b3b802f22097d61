//! What fails in PostgreSQL is answered as documented, within the deadline, with 503 at the guard, never 401 and never a
//! pass, and all goes on by itself once the cause is gone (failures 30, 31): a pool whose connections are all taken, a
//! connection that is killed in the middle of a query, a server that stands still, and one that is gone.
#![cfg(all(feature = "postgres", feature = "cache", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::door::{bearer, knock};
use common::outage::{Shop, assert_all_unavailable, in_time};
use common::postgres::{Server, run, shared};
use common::{noon, owner};
use http::StatusCode;
use personal_tokens::store::sqlx::postgres::PgPoolOptions;
use personal_tokens::store::sqlx::{self, PgConnection};
use personal_tokens::store::{CachedStore, StoreError, TokenStore as _};
use personal_tokens::{ChangeError, Duration, Issued, ManualClock, PersonalTokens, TokenChange};
use tokio::time::{sleep, timeout};

/// For whatever takes no longer unless it hangs.
const PATIENCE: StdDuration = StdDuration::from_secs(60);

#[tokio::test]
async fn a_pool_whose_connections_are_all_taken_is_unavailable_until_one_is_free() {
    let server = shared();
    let database = server.new_database().await;
    let hosts = PgPoolOptions::new().max_connections(2);
    let impatient = hosts.clone().acquire_timeout(StdDuration::from_millis(50));
    for hosts in [hosts, impatient] {
        let shop = Shop::on(hosts.connect_lazy_with(server.options(&database))).await;
        let before = shop.rows().await;
        let taken = [shop.pool.acquire().await.unwrap(), shop.pool.acquire().await.unwrap()];
        assert_all_unavailable(&shop.reads().await);
        assert_all_unavailable(&shop.writes().await);
        shop.assert_door_says_503().await;
        drop(taken);
        assert_eq!(shop.rows().await, before);
        shop.assert_all_goes_on().await;
        shop.tokens.revoke_all(&owner()).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_killed_in_the_middle_of_a_query_is_unavailable_and_not_used_again() {
    let server = shared();
    let database = server.new_database().await;
    let shop = Shop::on(server.pool(&database, 3)).await;
    let [mut other, mut killer] = [server.connect(&database).await, server.connect(&database).await];
    let (id, before) = (shop.active.record.id, shop.rows().await);

    // Behind a lock on the table a look-up waits too.
    run(&mut other, "BEGIN; LOCK TABLE personal_tokens IN ACCESS EXCLUSIVE MODE").await;
    let (found, ()) = tokio::join!(in_time(shop.store.find(id)), kill_who_waits(&mut killer, 1));
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    run(&mut other, "ROLLBACK; BEGIN; SELECT FROM personal_tokens FOR UPDATE").await;
    let owner = owner();
    let renaming = shop.tokens.update(&owner, id, TokenChange::new().name("renamed"));
    let (renamed, ()) = tokio::join!(in_time(renaming), kill_who_waits(&mut killer, 1));
    assert!(matches!(renamed, Err(ChangeError::Store(StoreError::Unavailable(_)))), "{renamed:?}");
    let revoking = shop.tokens.revoke_all(&owner);
    let (revoked, ()) = tokio::join!(in_time(revoking), kill_who_waits(&mut killer, 1));
    assert!(matches!(revoked, Err(ChangeError::Store(StoreError::Unavailable(_)))), "{revoked:?}");
    run(&mut other, "ROLLBACK").await;
    assert_eq!(shop.rows().await, before);
    shop.assert_all_goes_on().await;

    // Those that stand idle in the pool are gone at once.
    run(&mut killer, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")).await;
    shop.assert_all_goes_on().await;
}

#[tokio::test]
async fn a_lock_that_somebody_keeps_costs_a_call_its_deadline_and_nothing_is_written() {
    let server = shared();
    let database = server.new_database().await;
    let shop = Shop::on(server.pool(&database, 1)).await;
    let mut other = server.connect(&database).await;
    let before = shop.rows().await;
    run(&mut other, "BEGIN; LOCK TABLE personal_tokens IN ACCESS EXCLUSIVE MODE").await;
    let first = shop.backend().await;
    let found = in_time(shop.store.find(shop.active.record.id)).await;
    assert!(matches!(found, Err(StoreError::TimedOut(_))), "{found:?}");
    // The host's connection is not stuck behind it, but another.
    assert_ne!(in_time(shop.backend()).await, first);
    assert_all_unavailable(&shop.writes().await);
    shop.assert_door_says_503().await;
    run(&mut other, "ROLLBACK").await;
    assert_eq!(shop.rows().await, before);
    shop.assert_all_goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_costs_each_call_its_deadline_and_goes_on() {
    let server = Server::start(&[]);
    let shop = Shop::open(&server, 3).await;
    let warm = [shop.pool.acquire().await, shop.pool.acquire().await, shop.pool.acquire().await];
    warm.into_iter().for_each(|connection| drop(connection.unwrap()));
    let before = shop.rows().await;
    server.signal_all("STOP");
    for (call, answer) in shop.reads().await.into_iter().chain(shop.writes().await) {
        let documented = matches!(answer, Err(StoreError::Unavailable(_) | StoreError::TimedOut(_)));
        assert!(documented, "{call}: {answer:?}");
    }
    shop.assert_door_says_503().await;
    server.signal_all("CONT");
    // None of them had come to its commit.
    assert_eq!(shop.rows().await, before);
    shop.assert_all_goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cached_tokens_are_judged_while_the_server_stands_still_until_the_bound() {
    let (server, clock) = (Server::start(&[]), ManualClock::new(noon()));
    let shop = Shop::open(&server, 3).await;
    let cached = CachedStore::builder(Arc::clone(&shop.store)).clock(clock.clone()).build();
    let bound = cached.max_staleness();
    let tokens = PersonalTokens::builder(cached).prefix("shop").clock(clock.clone()).build().unwrap();
    let status = async |issued: &Issued| in_time(knock(&tokens, bearer(issued.token.expose()))).await.0.status();
    let [ok, bad, unavailable] = [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE];
    assert_eq!((status(&shop.active).await, status(&shop.revoked).await), (ok, bad));
    server.signal_all("STOP");
    let bound = Duration::try_from(bound).unwrap();
    clock.advance(bound - Duration::MICROSECOND);
    assert_eq!((status(&shop.active).await, status(&shop.revoked).await), (ok, bad));
    clock.advance(Duration::MICROSECOND);
    assert_eq!((status(&shop.active).await, status(&shop.revoked).await), (unavailable, unavailable));
    server.signal_all("CONT");
    assert_eq!((status(&shop.active).await, status(&shop.revoked).await), (ok, bad));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_unavailable_until_it_is_back() {
    let server = Server::start(&[]);
    let shop = Shop::open(&server, 3).await;
    for _ in 0..2 {
        let before = shop.rows().await;
        server.kill();
        assert_all_unavailable(&shop.reads().await);
        assert_all_unavailable(&shop.writes().await);
        shop.assert_door_says_503().await;
        tokio::task::block_in_place(|| server.start_again());
        assert_eq!(shop.rows().await, before);
        shop.assert_all_goes_on().await;
    }
}

/// Connections of the store to this database.
const OTHERS: &str = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

/// As soon as so many wait for a lock.
async fn kill_who_waits(killer: &mut PgConnection, waiting: i64) {
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE {OTHERS} AND wait_event_type = 'Lock'");
    let kill =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS} AND wait_event_type = 'Lock'");
    let killing = async {
        while sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count.clone())).fetch_one(&mut *killer).await.unwrap()
            < waiting
        {
            sleep(StdDuration::from_millis(2)).await;
        }
        run(killer, &kill).await;
    };
    timeout(PATIENCE, killing).await.expect("somebody waits");
}
