//! Where `SqliteStore` finds its file, what it makes there, and how it opens it and a host's: durably in any case.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tracing"))]

mod common;

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::child::{Child, file_and_role};
use common::folder::Folder;
use common::recorder::Recorder;
use common::rulebook::{after, policy, record, token_id};
use common::tables::{connect, options, run};
use common::{noon, owner, poll_once};
use personal_tokens::store::sqlx::sqlite::SqlitePoolOptions;
use personal_tokens::store::sqlx::{SqlitePool, query, query_scalar};
use personal_tokens::store::{LastUse, ListQuery, SqliteStore, StoreError, TokenStore};
use personal_tokens::{Change, Duration};
use tokio::time::timeout;

async fn issue(store: &impl TokenStore, number: u32) -> Result<(), String> {
    let issue = Change::issue(record(number), policy(|policy| policy.max_active = None));
    store.change(&issue).await.map(drop).map_err(|error| format!("{error:?}"))
}

/// So many tokens are in it.
async fn count(store: &impl TokenStore) -> usize {
    store.list(&owner(), &ListQuery::all().limit(10_000), noon()).await.unwrap().len()
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

async fn unavailable(location: impl AsRef<Path> + Send) -> String {
    match SqliteStore::open(location).await {
        Err(error @ StoreError::Unavailable(_)) => error.source().unwrap().to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_path_is_taken_as_it_is_and_a_url_is_decoded() {
    for (location, file) in [
        ("DIR/tokens.db", "tokens.db"),
        ("DIR/a b?c=d#e&.db", "a b?c=d#e&.db"),
        ("DIR/a%20b.db", "a%20b.db"),
        ("DIR/жетоны.db", "жетоны.db"),
        ("DIR/:memory:", ":memory:"),
        ("sqlite:DIR/tokens.db", "tokens.db"),
        ("sqlite://DIR/tokens.db", "tokens.db"),
        ("sqlite:DIR/tokens.db?mode=rwc", "tokens.db"),
        ("sqlite:DIR/tokens.db?cache=private", "tokens.db"),
        ("sqlite:DIR/a%20b%3Fc%23%25.db?mode=rwc", "a b?c#%.db"),
        ("sqlite:DIR/жетоны.db", "жетоны.db"),
    ] {
        let folder = Folder::new();
        let location = location.replace("DIR", folder.path().to_str().unwrap());
        let store = SqliteStore::open(&location).await.unwrap();
        issue(&store, 1).await.unwrap();
        store.close().await;
        assert_eq!(names(&folder), [file], "{location}");
        assert_eq!(count(&SqliteStore::open(&location).await.unwrap()).await, 1, "{location}, again");
    }
}

/// SQLite takes such names for URIs, and each connection of a pool would have tokens of its own.
#[test]
fn a_name_that_looks_like_a_uri_is_a_name() {
    for name in ["file:tokens.db", "file::memory:", "file:tokens.db?mode=memory"] {
        let folder = Folder::new();
        Child::start("open_a_name_there", folder.path(), name).ended();
        assert_eq!(names(&folder), [name]);
    }
}

/// In a process of its own, since every thread of one works in the same folder.
#[tokio::test]
async fn open_a_name_there() {
    let Some((folder, name)) = file_and_role() else { return };
    std::env::set_current_dir(folder).unwrap();
    for number in 1..3 {
        let store = SqliteStore::open(&name).await.unwrap();
        issue(&store, number).await.unwrap();
        assert_eq!(count(&store).await, number as usize);
        store.close().await;
    }
}

#[tokio::test]
async fn a_mode_says_what_may_be_made_and_written() {
    let folder = Folder::new();
    let url = |mode| format!("sqlite:{}?mode={mode}", folder.file("tokens.db").display());
    for mode in ["ro", "rw", "none"] {
        unavailable(url(mode)).await;
        assert_eq!(names(&folder), [""; 0], "{mode}");
    }
    let created = SqliteStore::open(url("rwc")).await.unwrap();
    issue(&created, 1).await.unwrap();
    let existing = SqliteStore::open(url("rw")).await.unwrap();
    issue(&existing, 2).await.unwrap();

    created.change(&Change::revoke(owner(), token_id(2), after(-1))).await.unwrap();

    let read_only = SqliteStore::open(url("ro")).await.unwrap();
    assert_eq!(count(&read_only).await, 2);
    assert_eq!(read_only.find(token_id(1)).await.unwrap().as_deref(), Some(&record(1)));
    let change = read_only.change(&Change::revoke_all(owner(), noon())).await;
    assert!(format!("{change:?}").contains("Unavailable"), "{change:?}");
    let uses = [LastUse::new(token_id(1), noon())];
    for (what, refused) in [
        ("touch", read_only.touch(&uses, Duration::ZERO).await.err()),
        ("claim", read_only.claim_notice(token_id(1), None, noon()).await.err()),
        ("prune", read_only.prune(after(1), 1).await.err()),
    ] {
        assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{what}: {refused:?}");
    }
    assert_eq!(read_only.find(token_id(1)).await.unwrap().as_deref(), Some(&record(1)), "nothing was written");
}

/// Its journal stays, too: that would be written.
#[tokio::test]
async fn a_file_of_another_journal_is_looked_into_as_it_is() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let mut connection = connect(&file).await;
    run(&mut connection, SqliteStore::SCHEMA).await.unwrap();
    let store = SqliteStore::open(format!("sqlite:{}?mode=ro", file.display())).await.unwrap();
    assert_eq!(count(&store).await, 0);
    let journal: String = query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!(journal, "delete");
}

#[tokio::test]
async fn a_place_where_no_file_can_be_is_told() {
    let folder = Folder::new();
    let missing = folder.file("missing").join("tokens.db");
    assert_eq!(unavailable(&missing).await, format!("cannot create the file {}", missing.display()));
    unavailable(folder.path()).await;
    unavailable("").await;
    for nowhere in ["sqlite:", "sqlite:?mode=rw", "sqlite:%3Amemory%3A", "sqlite:%3Amemory%3A?mode=rw"] {
        unavailable(nowhere).await;
    }
    unavailable(folder.file("a\0b.db")).await;
    assert_eq!(names(&folder), [""; 0]);
}

#[tokio::test]
async fn a_memory_is_its_stores_own_and_lasts_as_long() {
    for location in [":memory:", "sqlite::memory:", "sqlite://:memory:", "sqlite:?mode=memory", "sqlite:a?mode=memory"]
    {
        let [store, other] = [SqliteStore::open(location).await.unwrap(), SqliteStore::open(location).await.unwrap()];
        issue(&store, 1).await.unwrap();
        assert_eq!((count(&store).await, count(&other).await), (1, 0), "{location}");
        let store = Arc::new(store);
        let calls = (2..252).map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                issue(&*store, number).await.unwrap();
                for _ in 0..3 {
                    assert!(store.find(token_id(number)).await.unwrap().is_some());
                }
            })
        });
        for call in calls.collect::<Vec<_>>() {
            timeout(StdDuration::from_secs(60), call).await.expect("no call waits for ever").unwrap();
        }
        // Given up at each step that it waits.
        for number in 300..400 {
            drop(timeout(StdDuration::from_micros(u64::from(number - 300) * 10), issue(&*store, number)).await);
            let (find, change) = (store.find(token_id(1)), Change::revoke(owner(), token_id(1), noon()));
            drop(poll_once(find));
            drop(poll_once(store.change(&change)));
        }
        assert!(count(&*store).await >= 251, "{location}");
        issue(&*store, 500).await.unwrap();
    }
    let entries =
        std::fs::read_dir(".").unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let made: Vec<_> = entries.filter(|name| name == "a" || name.contains(":")).collect();
    assert_eq!(made, [""; 0], "a memory makes no file");
}

#[tokio::test]
async fn closing_leaves_one_file_and_an_end() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let store = SqliteStore::open(&file).await.unwrap();
    for number in 0..20 {
        issue(&store, number).await.unwrap();
    }
    assert_eq!(names(&folder), ["tokens.db", "tokens.db-shm", "tokens.db-wal"]);
    store.close().await;
    assert_eq!(names(&folder), ["tokens.db"]);
    assert!(matches!(store.find(token_id(1)).await, Err(StoreError::Unavailable(_))));
    assert!(issue(&store, 99).await.unwrap_err().contains("Unavailable"));
    store.close().await;
    assert_eq!(count(&SqliteStore::open(&file).await.unwrap()).await, 20);
}

async fn synchronous(pool: &SqlitePool) -> i64 {
    query_scalar("PRAGMA synchronous").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn on_a_hosts_connection_what_is_written_is_durable() {
    const OFF: i64 = 0;
    const NORMAL: i64 = 1;
    const FULL: i64 = 2;
    const EXTRA: i64 = 3;
    let folder = Folder::new();
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect_with(options(&folder.file("shop.db"))).await.unwrap();
    let store = SqliteStore::from_pool(pool.clone());
    for (before, while_written) in [(OFF, EXTRA), (NORMAL, EXTRA), (FULL, EXTRA), (EXTRA, EXTRA)] {
        macro_rules! try_it {
            ($what:literal, $done:expr, $expected:expr) => {
                let set = [
                    "PRAGMA synchronous = 0",
                    "PRAGMA synchronous = 1",
                    "PRAGMA synchronous = 2",
                    "PRAGMA synchronous = 3",
                ];
                query(set[usize::try_from(before).unwrap()]).execute(&pool).await.unwrap();
                $done.await.unwrap();
                assert_eq!(synchronous(&pool).await, $expected, "{} at {before}", $what);
            };
        }
        if before == OFF {
            try_it!("create_tables", store.create_tables(), while_written);
        }
        let number = u32::try_from(before).unwrap();
        try_it!("change", issue(&store, number), while_written);
        try_it!("touch", store.touch(&[LastUse::new(token_id(number), noon())], Duration::ZERO), while_written);
        try_it!("claim", store.claim_notice(token_id(number), None, noon()), while_written);
        try_it!("prune", store.prune(after(-1), 9), while_written);
        // Who only reads leaves it as it is.
        try_it!("find", store.find(token_id(number)), before);
    }
}

#[tokio::test]
async fn a_hosts_pool_that_gives_no_connection_in_its_time_is_unavailable() {
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(StdDuration::from_secs(2));
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let store = SqliteStore::from_pool(pool.clone()).deadline(StdDuration::MAX);
    let kept = pool.acquire().await.unwrap();
    let found = timeout(StdDuration::from_secs(60), store.find(token_id(1))).await.expect("it ends");
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    drop(kept);
}

#[tokio::test]
async fn its_own_connections_are_durable_and_let_readers_go_on() {
    let (recorder, folder) = (Recorder::everywhere(), Folder::new());
    let file = folder.file("own-connections.db");
    let store = SqliteStore::open(&file).await.unwrap();
    issue(&store, 1).await.unwrap();
    let journal: String = query_scalar("PRAGMA journal_mode").fetch_one(&mut connect(&file).await).await.unwrap();
    assert_eq!(journal, "wal");
    let logged: String = recorder.take_events().iter().map(|event| format!("{event:?}\n")).collect();
    for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = EXTRA", "PRAGMA fullfsync = ON"] {
        assert!(logged.contains(pragma), "{pragma}");
    }
}

#[tokio::test]
async fn a_deadline_may_be_as_long_as_it_can() {
    let store = SqliteStore::open(":memory:").await.unwrap().deadline(StdDuration::MAX);
    let done = timeout(StdDuration::from_secs(60), issue(&store, 1)).await;
    done.expect("it ends").unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn its_debug_tells_the_deadline_and_nothing_else() {
    let store = SqliteStore::open(":memory:").await.unwrap();
    assert_eq!(format!("{store:?}"), "SqliteStore { deadline: 5s, .. }");
    assert_eq!(format!("{:?}", store.deadline(StdDuration::from_millis(1))), "SqliteStore { deadline: 1ms, .. }");
}

#[test]
fn without_a_runtime_it_is_unavailable() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = runtime.block_on(SqliteStore::open(":memory:")).unwrap();
    let found = common::now(store.find(token_id(1)));
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    assert!(common::now(issue(&store, 1)).unwrap_err().contains("Unavailable"));
    runtime.block_on(issue(&store, 1)).unwrap();
}

/// SQLite's names are UTF-8.
#[cfg(unix)]
#[tokio::test]
async fn a_path_that_is_no_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = Folder::new();
    unavailable(folder.path().join(std::ffi::OsStr::from_bytes(b"tok\xFFens.db"))).await;
    assert_eq!(names(&folder), [""; 0]);
}
