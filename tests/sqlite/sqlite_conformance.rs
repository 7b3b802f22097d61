//! `SqliteStore` keeps the contract of `TokenStore`, corrupt rows included: in memory, in a file, in one file that all rules
//! share, in a host's pool with whatever journal; bare and behind `Arc<dyn TokenStore>`.
#![cfg(all(feature = "sqlite", feature = "conformance", feature = "memory", feature = "testing"))]

use crate::common;

use std::path::{Path, PathBuf};
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
        super::subject(Arc::new(store) as Arc<dyn TokenStore>, super::tables::options(&file), Some(folder))
    });
}

async fn in_memory() -> Subject {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    // By a name that is a URI, another connection of this process reaches the same tables.
    let url = format!("sqlite:file:rule-{}?mode=memory", NUMBER.fetch_add(1, Ordering::Relaxed));
    let store = SqliteStore::open(&url).await.unwrap();
    subject(store, url.parse().unwrap(), None)
}

async fn in_a_hosts_shared_memory() -> Subject {
    let options: SqliteConnectOptions = "sqlite::memory:".parse().unwrap();
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options.clone()).await.unwrap();
    let store = SqliteStore::from_pool(pool);
    store.create_tables().await.unwrap();
    subject(store, options, None)
}

async fn in_a_file() -> Subject {
    let (folder, file) = new_file();
    subject(SqliteStore::open(&file).await.unwrap(), tables::options(&file), Some(folder))
}

/// It outlives the run, since no rule knows which is the last; the next run begins anew.
async fn in_one_file() -> Subject {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-file-for-all-rules");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder.join("tokens.db")
    });
    subject(SqliteStore::open(file).await.unwrap(), tables::options(file), None)
}

async fn in_a_hosts_pool(journal: SqliteJournalMode) -> Subject {
    let (folder, file) = new_file();
    let options = tables::options(&file).journal_mode(journal).busy_timeout(Duration::ZERO);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options.clone()).await.unwrap();
    let store = SqliteStore::from_pool(pool);
    store.create_tables().await.unwrap();
    subject(store, options, Some(folder))
}

/// A store, and how a row becomes one that no record is: by a CHECK that is switched off. The folder lasts as long.
fn subject(store: impl TokenStore + 'static, options: SqliteConnectOptions, folder: Option<Folder>) -> Subject {
    Subject::new(store).corrupted_by(move |id| {
        let _lasts = &folder;
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
