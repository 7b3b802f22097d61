//! `SqliteStore` keeps the contract of `TokenStore`, corrupt rows included: in memory, in a file, in one file that all rules
//! share, in a host's pool with whatever journal; bare and behind `Arc<dyn TokenStore>`.
#![cfg(all(feature = "sqlite", feature = "conformance", feature = "memory", feature = "testing"))]

mod common;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::folder::Folder;
use common::tables::{self, spoil};
use personal_tokens::store::conformance::Subject;
use personal_tokens::store::sqlx::ConnectOptions as _;
use personal_tokens::store::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use personal_tokens::store::{SqliteStore, TokenStore};

mod in_memory {
    personal_tokens::conformance_tests!(super::in_memory);
}

/// Whose connections shut each other out table by table.
mod in_a_hosts_shared_memory {
    personal_tokens::conformance_tests!(super::in_a_hosts_shared_memory);
}

mod in_a_file {
    personal_tokens::conformance_tests!(super::in_a_file);
}

mod in_one_file_for_all_rules {
    personal_tokens::conformance_tests!(super::in_one_file);
}

mod in_a_hosts_pool {
    personal_tokens::conformance_tests!(|| super::in_a_hosts_pool(super::SqliteJournalMode::Wal));
}

/// Without WAL, readers and writers shut each other out.
mod in_a_hosts_pool_with_a_rollback_journal {
    personal_tokens::conformance_tests!(|| super::in_a_hosts_pool(super::SqliteJournalMode::Delete));
}

mod behind_a_pointer {
    use std::sync::Arc;

    use personal_tokens::store::TokenStore;

    personal_tokens::conformance_tests!(|| async {
        let (folder, file) = super::new_file();
        let store = super::SqliteStore::open(&file).await.unwrap();
        super::keep(folder);
        super::subject(Arc::new(store) as Arc<dyn TokenStore>, super::tables::options(&file))
    });
}

async fn in_memory() -> Subject {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    // By a name that is a URI, another connection of this process reaches the same tables.
    let url = format!("sqlite:file:rule-{}?mode=memory", NUMBER.fetch_add(1, Ordering::Relaxed));
    let store = SqliteStore::open(&url).await.unwrap();
    subject(store, url.parse().unwrap())
}

async fn in_a_hosts_shared_memory() -> Subject {
    let options: SqliteConnectOptions = "sqlite::memory:".parse().unwrap();
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options.clone()).await.unwrap();
    let store = SqliteStore::from_pool(pool);
    store.create_tables().await.unwrap();
    subject(store, options)
}

async fn in_a_file() -> Subject {
    let (folder, file) = new_file();
    keep(folder);
    subject(SqliteStore::open(&file).await.unwrap(), tables::options(&file))
}

async fn in_one_file() -> Subject {
    static FOLDER: OnceLock<Folder> = OnceLock::new();
    let file = FOLDER.get_or_init(Folder::new).file("tokens.db");
    subject(SqliteStore::open(&file).await.unwrap(), tables::options(&file))
}

async fn in_a_hosts_pool(journal: SqliteJournalMode) -> Subject {
    let (folder, file) = new_file();
    keep(folder);
    let options = tables::options(&file).journal_mode(journal).busy_timeout(Duration::ZERO);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options.clone()).await.unwrap();
    let store = SqliteStore::from_pool(pool);
    store.create_tables().await.unwrap();
    subject(store, options)
}

/// A store, and how a row becomes one that no record is: by a CHECK that is switched off.
fn subject(store: impl TokenStore + 'static, options: SqliteConnectOptions) -> Subject {
    Subject::new(store).corrupted_by(move |id| {
        let options = options.clone().busy_timeout(Duration::from_secs(60));
        async move {
            let mut connection = options.connect().await.unwrap();
            spoil(&mut connection, id, "digest_key = 65536").await.unwrap();
        }
    })
}

fn new_file() -> (Folder, PathBuf) {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    (folder, file)
}

/// As long as the rule's runtime lasts.
fn keep(folder: Folder) {
    tokio::spawn(async move {
        let _folder = folder;
        std::future::pending::<()>().await;
    });
}
