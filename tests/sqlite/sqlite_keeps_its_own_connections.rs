//! A store that opened its file itself keeps its connections between two calls, and nobody notices: many calls share few, and
//! the file is closed with the store, also outside of a runtime.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing"))]

use crate::common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::folder::Folder;
use common::rulebook::{after, record, token_id};
use common::{noon, owner};
use personal_tokens::store::{LastUse, ListQuery, SqliteStore, TokenStore as _};
use personal_tokens::{Change, Duration};
use tokio::task::JoinSet;
use tokio::time::timeout;

const PATIENCE: StdDuration = StdDuration::from_secs(60);

async fn opened(file: &Path) -> Arc<SqliteStore> {
    let store = SqliteStore::open(file).await.unwrap();
    store.change(&Change::issue(record(1), Arc::default())).await.unwrap();
    Arc::new(store)
}

/// Reads and writes, so many at once.
async fn work(store: &Arc<SqliteStore>, at_once: u32) {
    let mut tasks = JoinSet::new();
    for number in 0..at_once {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for round in 0..10 {
                assert!(store.find(token_id(1)).await.unwrap().is_some());
                assert_eq!(store.list(&owner(), &ListQuery::all(), noon()).await.unwrap().len(), 1);
                let used = LastUse::new(token_id(1), after(i64::from(number * 10 + round)));
                store.touch(&[used], Duration::ZERO).await.unwrap();
            }
        });
    }
    timeout(PATIENCE, tasks.join_all()).await.expect("somebody waits for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_share_few_connections() {
    let folder = Folder::new();
    for place in [folder.file("tokens.db").as_path(), Path::new(":memory:")] {
        let store = opened(place).await;
        work(&store, 30).await;
        store.close().await;
        assert!(store.find(token_id(1)).await.is_err());
    }
}

/// Who closes a file last writes its log into it.
#[tokio::test]
async fn a_store_that_is_closed_leaves_one_file() {
    let folder = Folder::new();
    let store = opened(&folder.file("tokens.db")).await;
    work(&store, 5).await;
    assert!(folder.file("tokens.db-wal").exists());
    store.close().await;
    assert!(!folder.file("tokens.db-wal").exists());
}

#[test]
fn a_store_may_be_dropped_once_its_runtime_is_gone() {
    let folder = Folder::new();
    for place in [folder.file("tokens.db").as_path(), Path::new(":memory:")] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = runtime.block_on(async {
            let store = opened(place).await;
            work(&store, 5).await;
            store
        });
        drop(runtime);
        drop(store);
    }
}
