//! A call of a `SqliteStore` that is dropped, wherever it was, is made whole or not at all, and leaves no connection inside
//! a transaction: the next caller and other processes go on at once.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration as StdDuration;

use common::folder::Folder;
use common::patient::{connect, lazy_pool, options};
use common::random::split_mix;
use common::remote_store::Method;
use common::rulebook::{after, digest, record, token_id};
use common::{noon, owner};
use personal_tokens::store::sqlx::sqlite::SqliteJournalMode::Wal;
use personal_tokens::store::sqlx::{SqliteConnection, raw_sql};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, SqliteStore, TokenStore};
use personal_tokens::{Change, ChangeError, Duration, StoreError, Successor, Timestamp, TokenRecord};
use tokio::task::JoinSet;
use tokio::time::timeout;

const PATIENCE: StdDuration = StdDuration::from_secs(60);
/// More than any call takes.
const POLLS: usize = 30;

#[tokio::test]
async fn a_call_that_is_dropped_after_any_poll_keeps_nobody_waiting() {
    for connections in [1, 4] {
        let folder = Folder::new();
        let file = folder.file("tokens.db");
        let store = SqliteStore::from_pool(lazy_pool(options(&file, Wal), connections));
        store.create_tables().await.unwrap();
        issue(&store, 1).await;
        let mut other = connect(&file).await;
        let mut dropped = 0;
        for method in Method::ALL {
            for polls in (0..POLLS).chain(0..POLLS) {
                let finished = dropped_after(polls, call(&store, method, 1)).await;
                dropped += u32::from(polls > 0 && finished.is_none());
                assert_lets_write(&mut other).await;
                timeout(PATIENCE, call(&store, method, 1)).await.expect("it hangs").unwrap();
            }
        }
        assert!(dropped > 20, "{dropped} calls were dropped while they waited");
    }
}

#[tokio::test]
async fn a_rotation_that_is_dropped_is_made_whole_or_not_at_all() {
    for place in ["file", ":memory:"] {
        let folder = Folder::new();
        let file = folder.file("tokens.db");
        let in_memory = place == ":memory:";
        let store = SqliteStore::open(if in_memory { Path::new(place) } else { &file }).await.unwrap();
        let mut other = if in_memory { None } else { Some(connect(&file).await) };
        issue(&store, 1).await;
        let (mut current, mut whole, mut none) = (1, 0, 0);
        for polls in (0..POLLS).cycle().take(8 * POLLS) {
            let before = rows(&store).await;
            let finished = dropped_after(polls, call(&store, Method::Change, current)).await;
            // What was committed meanwhile is, and what was not never will.
            if let Some(other) = &mut other {
                assert_lets_write(other).await;
            }
            let after = rows(&store).await;
            let made = after.len() > before.len();
            if made {
                let old = after.iter().find(|row| row.id == token_id(current)).unwrap();
                let new = after.iter().find(|row| row.id == token_id(current + 1)).unwrap();
                assert_eq!(old.rotated.unwrap().successor, new.id);
                assert_eq!(new.predecessor, Some(old.id));
                assert_eq!(after.len(), before.len() + 1);
                current += 1;
            } else {
                assert_eq!(after, before, "{place}, after {polls} polls");
            }
            assert!(made || finished.is_none(), "{place}: it returned, and is not made");
            whole += u32::from(made);
            none += u32::from(!made);
        }
        assert!(whole > 0 && none > 0, "{place}: {whole} whole, {none} not");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_dropped_calls_leave_every_connection_as_it_was() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let pool = lazy_pool(options(&file, Wal), 3);
    let stores = [Arc::new(SqliteStore::from_pool(pool.clone())), Arc::new(SqliteStore::open(&file).await.unwrap())];
    issue(&stores[0], 1).await;
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

    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(timeout(PATIENCE, pool.acquire()).await.expect("a connection is lost").unwrap());
    }
    for connection in &mut held {
        assert_lets_write(connection).await;
    }
    drop(held);
    for store in stores {
        for method in Method::ALL {
            call(&store, method, 1).await.unwrap();
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
async fn call(store: &SqliteStore, method: Method, number: u32) -> Result<(), StoreError> {
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

async fn issue(store: &SqliteStore, number: u32) {
    store.change(&Change::issue(record(number), Arc::default())).await.unwrap();
}

async fn rows(store: &SqliteStore) -> Vec<TokenRecord> {
    let all = ListQuery::all().limit(u32::MAX);
    timeout(PATIENCE, store.list(&owner(), &all, noon())).await.expect("it hangs").unwrap()
}

/// It waits five seconds for a lock, which is for ever if nobody gives it up.
async fn assert_lets_write(connection: &mut SqliteConnection) {
    raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(connection).await.expect("somebody holds the write lock");
}
