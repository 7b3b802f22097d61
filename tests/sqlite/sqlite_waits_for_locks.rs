//! What a `SqliteStore` answers while somebody else holds the file's lock, or the pool's connections, and that it works
//! again when they are given back (failures 30, 31).
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::folder::Folder;
use common::now;
use common::patient::{Patient, WRITES, chain, connect, lazy_pool, options};
use common::remote_store::{Fault, Method};
use personal_tokens::store::sqlx::pool::PoolConnection;
use personal_tokens::store::sqlx::sqlite::{SqliteJournalMode, SqlitePoolOptions};
use personal_tokens::store::sqlx::{Connection as _, Sqlite, SqlitePool, raw_sql};
use personal_tokens::store::{SqliteStore, TokenStore};
use personal_tokens::{Duration, StoreError};
use tokio::task::JoinSet;
use tokio::time::timeout;

const SHORT: StdDuration = StdDuration::from_millis(250);
const NO_LOCK: &str = "neither a connection nor the write lock was given before the deadline";
/// Longer than any of these takes; it is never waited for.
const LONG: StdDuration = StdDuration::from_secs(3_600);

/// How the store comes to its file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Access {
    OpensIt,
    /// A host's pool, with WAL.
    Wal,
    /// The same, and its first connection comes when the lock is held.
    WalLater,
    /// A host's pool, without WAL.
    Delete,
}

#[tokio::test]
async fn a_lock_that_is_not_given_up_is_told_as_such_and_nothing_is_written() {
    let table = [
        (Access::OpensIt, "BEGIN EXCLUSIVE", &WRITES[..]),
        (Access::Wal, "BEGIN IMMEDIATE", &WRITES[..]),
        (Access::WalLater, "BEGIN EXCLUSIVE", &WRITES[..]),
        (Access::WalLater, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT", &Method::ALL[..]),
        (Access::Delete, "BEGIN IMMEDIATE", &WRITES[..]),
        (Access::Delete, "BEGIN EXCLUSIVE", &Method::ALL[..]),
        // Who reads keeps writers from committing there.
        (Access::Delete, "BEGIN; SELECT count(*) FROM personal_tokens", &WRITES[..]),
    ];
    for (access, lock, fail) in table {
        let folder = Folder::new();
        let file = folder.file("tokens.db");
        let journal = if access == Access::Delete { SqliteJournalMode::Delete } else { SqliteJournalMode::Wal };
        let store = match access {
            Access::OpensIt => SqliteStore::open(&file).await.unwrap(),
            _ => SqliteStore::from_pool(lazy_pool(options(&file, journal), 2)),
        };
        let patient = ready(&file, journal).await;
        let before = patient.rows().await;
        patient.store.close().await;
        let patient = patient.through(store.deadline(SHORT));
        if access != Access::WalLater {
            patient.rows().await;
        }
        let mut other = connect(&file).await;
        raw_sql(lock).execute(&mut other).await.unwrap();
        patient.assert_fails(fail, Fault::Unavailable, "database is locked").await;
        other.close().await.unwrap();
        assert_eq!(patient.rows().await, before, "{access:?}, {lock}");
        patient.assert_works().await;
    }
}

#[tokio::test]
async fn a_lock_that_is_given_up_in_time_is_no_error() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let patient = Patient::of(SqliteStore::open(&file).await.unwrap().deadline(LONG)).await;
    for method in WRITES {
        let mut other = connect(&file).await;
        raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
        let mut call = pin!(patient.call(method));
        assert!(timeout(SHORT, call.as_mut()).await.is_err(), "{method:?} does not wait");
        other.close().await.unwrap();
        call.await.unwrap();
    }
}

#[tokio::test]
async fn the_deadline_is_the_hosts() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let patient = Patient::of(SqliteStore::open(&file).await.unwrap()).await;
    let mut other = connect(&file).await;
    raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let hurried = SqliteStore::open(&file).await.unwrap().deadline(StdDuration::ZERO);
    let error = hurried.touch(&[], Duration::ZERO).await.unwrap_err();
    assert!(Fault::Unavailable.made(&error), "{error:?}");
    let endless = SqliteStore::open(&file).await.unwrap().deadline(StdDuration::MAX);
    let mut call = pin!(endless.touch(&[], Duration::ZERO));
    assert!(timeout(SHORT, call.as_mut()).await.is_err(), "it does not wait");
    other.close().await.unwrap();
    call.await.unwrap();
    patient.assert_works().await;
}

/// They wait without a connection, or look-ups would wait for one.
#[tokio::test]
async fn writers_that_wait_for_a_lock_keep_no_lookup_waiting() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let options = options(&file, SqliteJournalMode::Wal).busy_timeout(StdDuration::from_millis(20));
    let pool = lazy_pool(options, 2);
    let patient = ready(&file, SqliteJournalMode::Wal).await;
    let patient = patient.through(SqliteStore::from_pool(pool.clone()).deadline(SHORT));
    let writer = Arc::new(SqliteStore::from_pool(pool).deadline(LONG));
    let mut other = connect(&file).await;
    raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..100 {
        let writer = Arc::clone(&writer);
        writers.spawn(async move { writer.touch(&[], Duration::ZERO).await });
    }
    tokio::task::yield_now().await;
    // Where a hundred writers take turns with it, its deadline strikes each time.
    let mut answered = 0;
    for _ in 0..20 {
        answered += u32::from(patient.call(Method::Find).await.is_ok());
    }
    assert!(answered > 10, "{answered} of 20 look-ups were answered");
    other.close().await.unwrap();
    for written in timeout(StdDuration::from_secs(60), writers.join_all()).await.expect("they hang") {
        written.unwrap();
    }
}

/// A host's connections may wait for locks themselves, longer than the deadline is.
#[tokio::test]
async fn a_pool_that_waits_longer_than_the_deadline_is_cut_off_there() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let options = options(&file, SqliteJournalMode::Wal).busy_timeout(LONG);
    let patient = ready(&file, SqliteJournalMode::Wal).await;
    let patient = patient.through(SqliteStore::from_pool(lazy_pool(options, 10)).deadline(SHORT));
    let mut other = connect(&file).await;
    raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    // Nothing is written, and that is told.
    patient.assert_fails(&WRITES, Fault::Unavailable, NO_LOCK).await;
    other.close().await.unwrap();
    patient.assert_works().await;
}

#[tokio::test]
async fn while_a_pools_connections_are_held_nothing_is_written_and_nothing_found() {
    // The pool's own patience may end before the deadline, or after.
    for acquire_timeout in [StdDuration::from_millis(20), LONG] {
        let folder = Folder::new();
        let file = folder.file("tokens.db");
        let options = options(&file, SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(acquire_timeout);
        let pool = pool.connect_lazy_with(options);
        let patient = ready(&file, SqliteJournalMode::Wal).await;
        let patient = patient.through(SqliteStore::from_pool(pool.clone()).deadline(SHORT));
        let before = patient.rows().await;
        let held = held(&pool).await;
        let how = |method| match (acquire_timeout, method) {
            (LONG, Method::Change | Method::Touch | Method::Prune) => (Fault::Unavailable, NO_LOCK),
            // A claim here begins with a look-up.
            (LONG, _) => (Fault::TimedOut, "deadline has elapsed"),
            _ => (Fault::Unavailable, "pool timed out"),
        };
        patient.assert_each_fails(&Method::ALL, how).await;
        drop(held);
        assert_eq!(patient.rows().await, before);
        patient.assert_works().await;
    }
}

#[tokio::test]
async fn a_pool_that_is_closed_is_unavailable() {
    let folder = Folder::new();
    let pool = lazy_pool(options(&folder.file("tokens.db"), SqliteJournalMode::Wal), 2);
    let hosts = Patient::of(SqliteStore::from_pool(pool.clone())).await;
    pool.close().await;
    let own = Patient::of(SqliteStore::open(folder.file("own.db")).await.unwrap()).await;
    own.store.close().await;
    for patient in [hosts, own] {
        patient.assert_fails(&Method::ALL, Fault::Unavailable, "closed").await;
    }
}

/// Polled by hand, as another executor would.
#[test]
fn without_a_tokio_runtime_it_is_unavailable() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let patient = runtime.block_on(async { Patient::of(SqliteStore::open(&file).await.unwrap()).await });
    let reason = "works on a Tokio runtime";
    for method in Method::ALL {
        let error = now(patient.call_alone(method)).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)) && chain(&error).contains(reason), "{method:?}: {error:?}");
    }
    for error in [now(SqliteStore::open(&file)).unwrap_err(), now(patient.store.create_tables()).unwrap_err()] {
        assert!(matches!(error, StoreError::Unavailable(_)) && chain(&error).contains(reason), "{error:?}");
    }
    runtime.block_on(patient.assert_works());
}

/// A file with tokens, and a store that has time enough.
async fn ready(file: &Path, journal: SqliteJournalMode) -> Patient {
    Patient::of(SqliteStore::from_pool(lazy_pool(options(file, journal), 2))).await
}

/// Its one connection, however long the pool takes to give it.
async fn held(pool: &SqlitePool) -> PoolConnection<Sqlite> {
    loop {
        if let Ok(held) = pool.acquire().await {
            return held;
        }
    }
}
