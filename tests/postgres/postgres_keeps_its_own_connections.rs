//! A store that opened its connections itself keeps them between two calls, and nobody notices: it closes them all with it,
//! also outside of a runtime; one that died meanwhile costs no call an answer; many calls share few.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::postgres::{run, shared};
use common::rulebook::{after, record, token_id};
use common::{noon, owner};
use personal_tokens::store::sqlx::{PgConnection, query_scalar};
use personal_tokens::store::{LastUse, ListQuery, PostgresStore, TokenStore as _};
use personal_tokens::{Change, Duration};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: StdDuration = StdDuration::from_secs(60);
const OF_A_STORE: i64 = 11;
const OTHERS: &str = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

struct Bench {
    store: Arc<PostgresStore>,
    beside: PgConnection,
}

impl Bench {
    async fn new() -> Self {
        let database = shared().new_database().await;
        let store = PostgresStore::connect(&shared().url(&database)).await.unwrap();
        store.create_tables().await.unwrap();
        store.change(&Change::issue(record(1), Arc::default())).await.unwrap();
        Self { store: Arc::new(store), beside: shared().connect(&database).await }
    }

    /// Reads and writes, so many at once.
    async fn work(&self, at_once: u32) {
        let mut tasks = JoinSet::new();
        for number in 0..at_once {
            let store = Arc::clone(&self.store);
            tasks.spawn(async move {
                for round in 0..20 {
                    assert!(store.find(token_id(1)).await.unwrap().is_some());
                    assert_eq!(store.list(&owner(), &ListQuery::all(), noon()).await.unwrap().len(), 1);
                    let used = LastUse::new(token_id(1), after(i64::from(number * 20 + round)));
                    store.touch(&[used], Duration::ZERO).await.unwrap();
                }
            });
        }
        timeout(PATIENCE, tasks.join_all()).await.expect("somebody waits for ever");
    }

    async fn connections(&mut self) -> i64 {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE {OTHERS}");
        query_scalar(personal_tokens::store::sqlx::AssertSqlSafe(count)).fetch_one(&mut self.beside).await.unwrap()
    }

    async fn assert_none_is_left(&mut self) {
        let began = Instant::now();
        while self.connections().await > 0 {
            assert!(began.elapsed() < PATIENCE, "a connection outlives its store");
            sleep(StdDuration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_share_few_connections() {
    let mut bench = Bench::new().await;
    bench.work(50).await;
    assert!((1..=OF_A_STORE).contains(&bench.connections().await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_died_between_two_calls_cost_no_answer() {
    let mut bench = Bench::new().await;
    for _ in 0..5 {
        bench.work(10).await;
        run(&mut bench.beside, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")).await;
    }
    bench.work(10).await;
}

#[tokio::test]
async fn a_store_that_is_closed_or_dropped_closes_its_connections() {
    let mut closed = Bench::new().await;
    closed.work(5).await;
    closed.store.close().await;
    // The server says so a moment later.
    closed.assert_none_is_left().await;
    assert!(closed.store.find(token_id(1)).await.is_err());

    let Bench { store, mut beside } = Bench::new().await;
    store.find(token_id(1)).await.unwrap();
    drop(store);
    let store = Arc::clone(&closed.store);
    Bench { store, beside: std::mem::replace(&mut beside, closed.beside) }.assert_none_is_left().await;
}

#[test]
fn a_store_may_be_dropped_once_its_runtime_is_gone() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let bench = first.block_on(async {
        let bench = Bench::new().await;
        bench.work(5).await;
        bench
    });
    drop(first);
    let Bench { store, beside } = bench;
    drop(store);
    drop(beside);
}
