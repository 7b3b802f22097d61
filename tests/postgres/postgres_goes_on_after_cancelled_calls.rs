//! A call of a `PostgresStore` that is dropped, wherever it was, is made whole or not at all, and leaves neither a transaction nor a
//! lock behind, on no connection, through pgbouncer either: the next caller, other nodes and the host's own statements go on.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

use crate::common;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration as StdDuration;

use common::postgres::{Bouncer, run, shared};
use common::proxy::Proxy;
use common::random::split_mix;
use common::remote_store::Method;
use common::rulebook::{after, digest, record, token_id};
use common::{noon, owner};
use personal_tokens::store::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use personal_tokens::store::sqlx::{PgPool, query_scalar, raw_sql};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, PostgresStore, TokenStore};
use personal_tokens::{Change, ChangeError, Duration, StoreError, Successor, Timestamp, TokenRecord};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

const PATIENCE: StdDuration = StdDuration::from_secs(60);
/// More than any call takes.
const POLLS: usize = 50;

/// A database with tables and one token, and another node in it.
struct Bench {
    database: String,
    other: PostgresStore,
    beside: PgPool,
}

impl Bench {
    async fn new() -> Self {
        let database = shared().new_database().await;
        let beside = shared().pool(&database, 1);
        let other = PostgresStore::from_pool(beside.clone());
        other.create_tables().await.unwrap();
        other.change(&Change::issue(record(1), Arc::default())).await.unwrap();
        run(&mut shared().connect(&database).await, "CREATE TABLE visits (number serial)").await;
        Self { database, other, beside }
    }

    /// Of the host's own, as somebody else sees them.
    async fn visits(&self) -> i64 {
        query_scalar("SELECT count(*) FROM visits").fetch_one(&self.beside).await.unwrap()
    }

    fn pool(&self, connections: u32) -> PgPool {
        shared().pool(&self.database, connections)
    }

    /// To a server that answers none of its questions at once: each is a place where a call waits.
    async fn slow_pool(&self, options: PgConnectOptions, connections: u32) -> PgPool {
        let proxy = Proxy::to(options.get_port()).await;
        PgPoolOptions::new().max_connections(connections).connect_lazy_with(options.port(proxy.port()))
    }

    /// Another node writes the rows, and takes the owner's turn.
    async fn assert_others_go_on(&self) {
        for method in [Method::Change, Method::ClaimNotice] {
            timeout(PATIENCE, call(&self.other, method, 1)).await.expect("somebody holds a lock").unwrap();
        }
    }

    /// Nobody else is at work, soon.
    async fn assert_nothing_is_left(&self) {
        let left = "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                        AND pid <> pg_backend_pid() AND state <> 'idle') \
                    + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
        let pool = self.pool(1);
        let began = Instant::now();
        while query_scalar::<_, i64>(left).fetch_one(&pool).await.unwrap() > 0 {
            assert!(began.elapsed() < PATIENCE, "a transaction is left open, or a lock held");
            tokio::time::sleep(StdDuration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_after_any_poll_keeps_nobody_waiting() {
    let bench = Bench::new().await;
    let bouncer = Bouncer::start(shared(), 2);
    let (direct, bounced) = (shared().options(&bench.database), bouncer.options(&bench.database));
    for (what, options, connections, named) in [
        ("one connection", direct.clone(), 1, false),
        ("named statements", direct, 4, true),
        ("through pgbouncer", bounced, 4, false),
    ] {
        let pool = bench.slow_pool(options, connections).await;
        let store = PostgresStore::from_pool(pool.clone()).named_statements(named);
        let (mut dropped, mut visits) = (0, bench.visits().await);
        for method in Method::ALL {
            for polls in 0..POLLS {
                let finished = dropped_after(polls, call(&store, method, 1)).await;
                dropped += u32::from(polls > 0 && finished.is_none());
                bench.assert_others_go_on().await;
                // What the host writes by the same pool is committed at once.
                let visit = raw_sql("INSERT INTO visits DEFAULT VALUES").execute(&pool);
                let visit = timeout(PATIENCE, visit).await.expect("it hangs");
                visit.unwrap_or_else(|error| panic!("{what}, {method:?} after {polls} polls: {error}"));
                visits += 1;
                assert_eq!(bench.visits().await, visits, "{what}, {method:?} after {polls} polls");
                let next = timeout(PATIENCE, call(&store, method, 1)).await.expect("it hangs");
                next.unwrap_or_else(|error| panic!("{what}, {method:?} after {polls} polls: {error:?}"));
                if finished.is_some() {
                    break;
                }
                assert!(polls + 1 < POLLS, "{what}, {method:?} takes more polls");
            }
        }
        assert!(dropped > 20, "{what}: {dropped} calls were dropped while they waited");
        bench.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_rotation_that_is_dropped_is_made_whole_or_not_at_all() {
    let bench = Bench::new().await;
    let store = PostgresStore::from_pool(bench.slow_pool(shared().options(&bench.database), 2).await);
    let (mut current, mut whole, mut none) = (1, 0, 0);
    for polls in (0..POLLS).cycle().take(6 * POLLS) {
        let before = rows(&bench.other).await;
        let finished = dropped_after(polls, call(&store, Method::Change, current)).await;
        // What was committed meanwhile is, and what was not never will: the owner's lock is free.
        timeout(PATIENCE, call(&bench.other, Method::Change, 0)).await.expect("somebody holds a lock").unwrap();
        let after = rows(&bench.other).await;
        let made = after.len() > before.len();
        if made {
            let old = after.iter().find(|row| row.id == token_id(current)).unwrap();
            let new = after.iter().find(|row| row.id == token_id(current + 1)).unwrap();
            assert_eq!(old.rotated.unwrap().successor, new.id);
            assert_eq!(new.predecessor, Some(old.id));
            assert_eq!(after.len(), before.len() + 1);
            current += 1;
        } else {
            assert_eq!(after, before, "after {polls} polls");
        }
        assert!(made || finished.is_none(), "it returned, and is not made");
        whole += u32::from(made);
        none += u32::from(!made);
    }
    assert!(whole > 0 && none > 0, "{whole} whole, {none} not");
    bench.assert_nothing_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_dropped_calls_leave_every_connection_as_it_was() {
    let bench = Bench::new().await;
    let pools = [bench.pool(3), bench.pool(3)];
    let stores = pools.clone().map(|pool| Arc::new(PostgresStore::from_pool(pool)));
    let mut tasks = JoinSet::new();
    for (task, store) in stores.iter().cycle().take(8).cloned().enumerate() {
        let mut random = split_mix(task as u64);
        tasks.spawn(async move {
            for _ in 0..100 {
                let method = Method::ALL[random() as usize % Method::ALL.len()];
                let call = call(&store, method, 1);
                let outcome =
                    timeout(PATIENCE, dropped_after(random() as usize % POLLS, call)).await.expect("it hangs");
                outcome.unwrap_or(Ok(())).unwrap();
            }
        });
    }
    tasks.join_all().await;
    bench.assert_others_go_on().await;
    bench.assert_nothing_is_left().await;

    for (pool, store) in pools.iter().zip(&stores) {
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut connection = timeout(PATIENCE, pool.acquire()).await.expect("a connection is lost").unwrap();
            let works = query_scalar::<_, i32>("SELECT 1").fetch_one(&mut *connection);
            timeout(PATIENCE, works).await.expect("it hangs").unwrap();
            held.push(connection);
        }
        drop(held);
        for method in Method::ALL {
            call(store, method, 1).await.unwrap();
        }
    }
}

/// None if it was not done after so many polls, each when it was woken.
async fn dropped_after<T>(polls: usize, call: impl Future<Output = T>) -> Option<T> {
    let (mut call, mut left) = (pin!(call), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match call.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A change rotates the token of that number in favour of the next. That it was already is no error here.
async fn call(store: &PostgresStore, method: Method, number: u32) -> Result<(), StoreError> {
    let (owner, id) = (owner(), token_id(number));
    match method {
        Method::Find => store.find(id).await.map(drop),
        Method::Get => store.get(&owner, id).await.map(drop),
        Method::List => store.list(&owner, &ListQuery::all(), noon()).await.map(drop),
        Method::Expiring => store.expiring(&ExpiringQuery::between(noon(), Timestamp::MAX)).await.map(drop),
        Method::Touch => store.touch(&[LastUse::new(id, after(60))], Duration::ZERO).await,
        Method::ClaimNotice => store.claim_notice(id, None, noon()).await.map(drop),
        Method::Prune => store.prune(noon(), 10).await.map(drop),
        Method::Change => {
            let (next, grace) = (number + 1, Duration::ZERO);
            let successor =
                Successor { id: token_id(next), digest: digest(next), created_by: None, expiry: None, grace };
            match store.change(&Change::rotate(owner, id, successor, noon(), Arc::default())).await {
                Err(ChangeError::Store(error)) => Err(error),
                _ => Ok(()),
            }
        }
    }
}

async fn rows(store: &PostgresStore) -> Vec<TokenRecord> {
    let all = ListQuery::all().limit(u32::MAX);
    timeout(PATIENCE, store.list(&owner(), &all, noon())).await.expect("it hangs").unwrap()
}
