//! Three nodes with a thousand tokens in use write each token's last use once a resolution, in place (HOT), beside what anybody
//! else does to the rows: what others hold is left for the next time, and nobody waits in a circle (failures 32).
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing", feature = "tokio"))]

use crate::common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::noon;
use common::postgres::{run, shared};
use common::rulebook::{after, record, token_id, with};
use personal_tokens::store::sqlx::{AssertSqlSafe, PgConnection, query_as, query_scalar};
use personal_tokens::store::{LastUse, PostgresStore, TokenStore as _};
use personal_tokens::{Change, Duration, ManualClock, NewToken, PersonalTokens};
use tokio::task::JoinSet;
use tokio::time::timeout;

const TOKENS: u32 = 1_000;
const PATIENCE: StdDuration = StdDuration::from_secs(60);

async fn new_database() -> (String, Arc<PostgresStore>) {
    let database = shared().new_database().await;
    let store = store(&database);
    store.create_tables().await.unwrap();
    (database, store)
}

fn store(database: &str) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::from_pool(shared().pool(database, 4)).named_statements(true))
}

/// How many rows were updated so far, and how many of them in place.
async fn updates(connection: &mut PgConnection) -> (i64, i64) {
    let count = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'personal_tokens'";
    query_as(count).fetch_one(connection).await.unwrap()
}

/// Sessions tell what they have counted once they end.
async fn closed(stores: &[Arc<PostgresStore>], database: &str) {
    for store in stores {
        store.close().await;
    }
    let mut connection = shared().connect(database).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    timeout(PATIENCE, async {
        while query_scalar::<_, i64>(others).fetch_one(&mut connection).await.unwrap() > 0 {
            tokio::time::sleep(StdDuration::from_millis(10)).await;
        }
    })
    .await
    .expect("sessions end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_token_is_written_once_a_resolution_and_in_place() {
    let (database, first) = new_database().await;
    let clock = ManualClock::new(noon());
    let issuing = handle(&first, &clock);
    let mut texts = Vec::new();
    for number in 0..TOKENS {
        let issued = issuing.issue(NewToken::new(number / 50, format!("till {number}"))).await.unwrap();
        texts.push(issued.token.expose().to_owned());
    }
    // As autovacuum leaves them in time: what is free in each page is known.
    run(&mut shared().connect(&database).await, "VACUUM (ANALYZE) personal_tokens").await;
    closed(&[first], &database).await;
    let (mut before, mut before_hot) = updates(&mut shared().connect(&database).await).await;

    for resolution in 1..=3 {
        clock.advance(Duration::seconds(61));
        let stores = [0, 1, 2].map(|_| store(&database));
        let nodes = stores.each_ref().map(|store| handle(store, &clock));
        let texts = Arc::new(texts.clone());
        let mut using = JoinSet::new();
        for node in nodes {
            let texts = Arc::clone(&texts);
            // Each flushes when it likes to, and sees some tokens again.
            using.spawn(async move {
                for (number, text) in texts.iter().chain(&texts[..200]).enumerate() {
                    node.verify(text).await.unwrap();
                    if number % 400 == 399 {
                        node.flush().await.unwrap();
                    }
                }
                node.flush().await.unwrap();
            });
        }
        timeout(PATIENCE, using.join_all()).await.expect("they hang");
        closed(&stores, &database).await;
        let (now, now_hot) = updates(&mut shared().connect(&database).await).await;
        let (updated, hot) = (now - before, now_hot - before_hot);
        (before, before_hot) = (now, now_hot);
        assert!(updated <= i64::from(TOKENS), "{updated} updates in resolution {resolution}");
        assert!(hot * 100 >= updated * 98, "{hot} of {updated} in place in resolution {resolution}");
        let late = "SELECT count(*) FROM personal_tokens WHERE last_used IS NULL OR last_used < to_timestamp($1)";
        let mut connection = shared().connect(&database).await;
        let late = query_scalar::<_, i64>(late).bind(seconds(resolution)).fetch_one(&mut connection);
        assert_eq!(late.await.unwrap(), 0, "each use was written in resolution {resolution}");
    }
}

fn handle(store: &Arc<PostgresStore>, clock: &ManualClock) -> PersonalTokens {
    PersonalTokens::builder(Arc::clone(store)).prefix("shop").clock(clock.clone()).build().unwrap()
}

/// When the nodes' clock says so, in seconds since 1970.
fn seconds(resolution: u32) -> f64 {
    let noon = u32::try_from(noon().as_micros() / 1_000_000).unwrap();
    f64::from(noon + 61 * resolution)
}

#[tokio::test]
async fn rows_that_others_hold_are_left_and_the_rest_is_written() {
    let (database, store) = new_database().await;
    for number in 0..20 {
        store.change(&Change::issue(record(number), Arc::default())).await.unwrap();
    }
    let mut other = shared().connect(&database).await;
    for lock in ["UPDATE", "NO KEY UPDATE", "SHARE"] {
        let uses: Vec<_> = (0..20).map(|number| LastUse::new(token_id(number), after(60))).collect();
        run(&mut other, "UPDATE personal_tokens SET last_used = NULL").await;
        run(&mut other, &format!("BEGIN; SELECT 1 FROM personal_tokens WHERE name < 'token 15' FOR {lock}")).await;
        let held: Vec<String> = query_scalar("SELECT name FROM personal_tokens WHERE name < 'token 15'")
            .fetch_all(&mut other)
            .await
            .unwrap();
        timeout(PATIENCE, store.touch(&uses, Duration::ZERO)).await.expect("it waits").unwrap();
        let written = used(&mut other).await;
        assert_eq!(written.len() + held.len(), 20, "FOR {lock}: {written:?}");
        assert!(held.iter().all(|name| !written.contains(name)), "FOR {lock}: {written:?}");
        run(&mut other, "COMMIT").await;
        store.touch(&uses, Duration::ZERO).await.unwrap();
        assert_eq!(used(&mut other).await.len(), 20);
    }
}

async fn used(connection: &mut PgConnection) -> BTreeSet<String> {
    let used = "SELECT name FROM personal_tokens WHERE last_used IS NOT NULL";
    query_scalar::<_, String>(used).fetch_all(connection).await.unwrap().into_iter().collect()
}

/// Sets that overlap, in whatever order they are told, and changes of the same rows. What is skipped is written another time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn touches_of_many_nodes_and_changes_never_wait_in_a_circle() {
    let (database, store) = new_database().await;
    let names = (0..40).map(|number| with(record(number), |record| record.owner = (number % 4).into()));
    for record in names {
        store.change(&Change::issue(record, Arc::default())).await.unwrap();
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let mut tasks = JoinSet::new();
    for node in 0..6_u32 {
        let store = self::store(&database);
        tasks.spawn(async move {
            for round in 0..40 {
                let order = (0..40).map(|number| (number * (2 * node + 1) + round) % 40);
                let uses: Vec<_> = order
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .map(|n| LastUse::new(token_id(n), after(i64::from(round))))
                    .collect();
                let uses: Vec<_> = if node % 2 == 0 { uses } else { uses.into_iter().rev().collect() };
                store.touch(&uses, Duration::ZERO).await.unwrap();
                if round % 10 == node {
                    let owner = (round % 4).into();
                    store.change(&Change::revoke_all(owner, after(1_000))).await.unwrap();
                }
                store.prune(after(-1), 5).await.unwrap();
            }
            store.close().await;
        });
    }
    timeout(PATIENCE, tasks.join_all()).await.expect("they hang");
    let mut connection = shared().connect(&database).await;
    let found: i64 = query_scalar(AssertSqlSafe(deadlocks)).fetch_one(&mut connection).await.unwrap();
    assert_eq!(found, 0);
    assert!(!shared().log().contains("deadlock detected"));
    let all: Vec<_> = (0..40).map(|number| LastUse::new(token_id(number), after(2_000))).collect();
    store.touch(&all, Duration::ZERO).await.unwrap();
    for number in 0..40 {
        let found = store.find(token_id(number)).await.unwrap().unwrap();
        assert_eq!(found.last_used, Some(after(2_000)));
    }
}
