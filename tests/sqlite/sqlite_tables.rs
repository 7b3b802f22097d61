//! `SqliteStore` makes its tables once, whole or not at all, beside whatever a host keeps; by hand they are the same; those of
//! another version are refused.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing"))]

use crate::common;

use std::error::Error as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use common::folder::Folder;
use common::rulebook::{after, record, revoked_at, with};
use common::tables::{connect, options, run};
use common::{noon, owner};
use personal_tokens::store::sqlx::sqlite::SqlitePoolOptions;
use personal_tokens::store::sqlx::{AssertSqlSafe, Connection as _, SqlitePool, query_as, query_scalar};
use personal_tokens::store::{ListQuery, SqliteStore, StoreError, TokenStore};
use personal_tokens::{Change, TokenRecord};

/// Tables and indexes by their names, as they were made.
async fn schema(file: &Path) -> Vec<(String, String, Option<String>)> {
    let mut connection = connect(file).await;
    let all = "SELECT name, type, sql FROM sqlite_schema ORDER BY name";
    let found = query_as(all).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found
}

async fn by_hand(file: &Path, sql: &str) {
    let mut connection = connect(file).await;
    run(&mut connection, sql).await.unwrap();
    connection.close().await.unwrap();
}

async fn one(file: &Path, sql: &str) -> i64 {
    let mut connection = connect(file).await;
    query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
}

async fn pool(file: &Path) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(2).connect_with(options(file)).await.unwrap()
}

/// Why the tables cannot be made, with all that it stems from.
async fn refusal(file: &Path) -> String {
    let opened = SqliteStore::open(file).await.unwrap_err();
    let made = SqliteStore::from_pool(pool(file).await).create_tables().await.unwrap_err();
    for error in [&opened, &made] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(opened.source().unwrap().to_string(), made.source().unwrap().to_string());
    opened.source().unwrap().to_string()
}

async fn issue(store: &impl TokenStore, record: &TokenRecord) {
    store.change(&Change::issue(record.clone(), Arc::default())).await.unwrap();
}

/// It keeps and finds a token.
async fn works(store: &SqliteStore) {
    issue(store, &record(1)).await;
    assert_eq!(store.list(&owner(), &ListQuery::all(), noon()).await.unwrap(), [record(1)]);
}

#[tokio::test]
async fn where_the_tables_are_nothing_is_written() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let store = SqliteStore::open(&file).await.unwrap();
    works(&store).await;
    store.close().await;
    let written = std::fs::read(&file).unwrap();
    for _ in 0..3 {
        let store = SqliteStore::open(&file).await.unwrap();
        store.create_tables().await.unwrap();
        store.close().await;
        assert!(std::fs::read(&file).unwrap() == written, "the file is another");
    }
    assert_eq!(one(&file, "SELECT count(*) FROM personal_tokens_schema").await, 1);
    assert_eq!(one(&file, "SELECT version FROM personal_tokens_schema").await, SqliteStore::SCHEMA_VERSION);
}

#[tokio::test]
async fn where_the_tables_are_a_writer_is_not_waited_for() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    SqliteStore::open(&file).await.unwrap().close().await;
    let mut writer = connect(&file).await;
    run(&mut writer, "BEGIN IMMEDIATE").await.unwrap();
    SqliteStore::open(&file).await.unwrap().create_tables().await.unwrap();
    run(&mut writer, "ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn many_who_make_the_tables_at_once_make_them_once() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let opening = (0..12).map(|_| tokio::spawn(SqliteStore::open(file.clone())));
    for opened in opening.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
    assert_eq!(one(&file, "SELECT count(*) FROM personal_tokens_schema").await, 1);
    works(&SqliteStore::open(&file).await.unwrap()).await;
}

#[tokio::test]
async fn by_hand_they_are_the_same_and_may_be_made_again() {
    let folder = Folder::new();
    let (made, by_hand_made) = (folder.file("made.db"), folder.file("by_hand.db"));
    SqliteStore::open(&made).await.unwrap().close().await;
    for _ in 0..2 {
        by_hand(&by_hand_made, SqliteStore::SCHEMA).await;
    }
    assert_eq!(schema(&by_hand_made).await, schema(&made).await);
    assert_eq!(one(&by_hand_made, "SELECT count(*) FROM personal_tokens_schema").await, 1);

    works(&SqliteStore::from_pool(pool(&by_hand_made).await)).await;
    by_hand(&by_hand_made, SqliteStore::SCHEMA).await;
    let store = SqliteStore::open(&by_hand_made).await.unwrap();
    assert!(store.find(record(1).id).await.unwrap().is_some());
}

/// Debian 12's SQLite is 3.40. Skipped where there is no `sqlite3`.
#[tokio::test]
async fn the_sqlite_of_the_system_makes_them_too() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    // It takes what begins with `-` for an option.
    let script = format!("\n{}", SqliteStore::SCHEMA);
    for _ in 0..2 {
        let sqlite3 = Command::new("sqlite3").arg(&file).arg(&script).stdin(Stdio::null()).output();
        let Ok(output) = sqlite3 else {
            // Past what captures a test's output.
            return drop(writeln!(std::io::stderr(), "SKIPPED: there is no sqlite3"));
        };
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{told}");
    }
    let store = SqliteStore::open(&file).await.unwrap();
    works(&store).await;
    store.close().await;
    let count = Command::new("sqlite3").arg(&file).arg("SELECT count(*), min(ended) FROM personal_tokens").output();
    assert_eq!(String::from_utf8_lossy(&count.unwrap().stdout), format!("1|{}\n", i64::MAX));
}

#[tokio::test]
async fn what_a_host_keeps_stays_as_it_is() {
    let folder = Folder::new();
    let file = folder.file("shop.db");
    let hosts = "PRAGMA user_version = 7; PRAGMA application_id = 77;
                 CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users (name) VALUES ('ada');
                 CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, success BOOLEAN);
                 INSERT INTO _sqlx_migrations VALUES (1, TRUE);
                 CREATE INDEX users_name ON users (name)";
    by_hand(&file, hosts).await;
    let before = schema(&file).await;
    works(&SqliteStore::open(&file).await.unwrap()).await;
    let after: Vec<_> = schema(&file).await.into_iter().filter(|(name, ..)| !is_ours(name)).collect();
    assert_eq!(after, before);
    for (what, value) in [
        ("PRAGMA user_version", 7),
        ("PRAGMA application_id", 77),
        ("SELECT count(*) FROM users WHERE name = 'ada'", 1),
        ("SELECT count(*) FROM _sqlx_migrations", 1),
    ] {
        assert_eq!(one(&file, what).await, value, "{what}");
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("personal_tokens") || name.starts_with("sqlite_autoindex_personal_tokens")
}

#[tokio::test]
async fn tables_of_another_version_are_refused_and_not_touched() {
    for version in [0, 2, i64::MAX] {
        let folder = Folder::new();
        let file = folder.file("tokens.db");
        SqliteStore::open(&file).await.unwrap().close().await;
        by_hand(
            &file,
            &format!("DROP INDEX personal_tokens_list; UPDATE personal_tokens_schema SET version = {version}"),
        )
        .await;
        let before = schema(&file).await;
        let told = refusal(&file).await;
        assert!(told.contains(&format!("of version {version}, and this release knows version 1")), "{told}");
        assert_eq!(schema(&file).await, before);
        assert_eq!(one(&file, "SELECT version FROM personal_tokens_schema").await, version);
    }
}

#[tokio::test]
async fn a_version_that_is_no_number_is_corrupt() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    by_hand(&file, "CREATE TABLE personal_tokens_schema (version); INSERT INTO personal_tokens_schema VALUES ('one')")
        .await;
    let opened = SqliteStore::open(&file).await;
    assert!(matches!(opened, Err(StoreError::Corrupt(_))), "{opened:?}");
}

/// Half of a script that ran by hand.
#[tokio::test]
async fn tables_that_are_half_there_are_completed() {
    let folder = Folder::new();
    let (whole, half) = (folder.file("whole.db"), folder.file("half.db"));
    for file in [&whole, &half] {
        SqliteStore::open(file).await.unwrap().close().await;
    }
    by_hand(&half, "DROP INDEX personal_tokens_list; DELETE FROM personal_tokens_schema").await;
    works(&SqliteStore::open(&half).await.unwrap()).await;
    assert_eq!(schema(&half).await, schema(&whole).await);
    assert_eq!(one(&half, "SELECT version FROM personal_tokens_schema").await, 1);
}

#[tokio::test]
async fn tables_that_cannot_be_made_whole_are_not_made_at_all() {
    // One in the way of the first statement's table, one in the way of the last's.
    for (hosts, why) in [
        ("CREATE TABLE personal_tokens (token TEXT)", "no such column"),
        ("CREATE TABLE users (a); CREATE INDEX personal_tokens_schema ON users (a)", "there is already an index"),
    ] {
        let folder = Folder::new();
        let file = folder.file("tokens.db");
        by_hand(&file, hosts).await;
        let before = schema(&file).await;
        let told = refusal(&file).await;
        assert!(told.contains(why), "{told}");
        assert_eq!(schema(&file).await, before);
    }
}

/// The rulebook sees to it; the table stands behind it.
#[tokio::test]
async fn the_table_itself_refuses_a_second_holder_of_a_name() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let named = |record| with(record, |record: &mut TokenRecord| record.name = common::rulebook::name("sync"));
    issue(&store, &named(revoked_at(2, after(0)))).await;
    issue(&store, &named(common::rulebook::rotated_to(3, 1, after(60)))).await;
    issue(&store, &named(record(1))).await;
    issue(&store, &named(with(record(4), |record| record.owner = common::other_owner()))).await;
    issue(&store, &record(5)).await;

    let mut connection = connect(&file).await;
    for (what, second) in [
        ("another that gets the name", "SET name = 'sync' WHERE name = 'token 5'"),
        ("one that was revoked", "SET revoked = NULL"),
        ("one that was rotated", "SET rotated = NULL, successor = NULL, grace_ends = NULL"),
        ("another owner's", "SET owner = 'store-42'"),
    ] {
        let refused = run(&mut connection, &format!("UPDATE personal_tokens {second}")).await;
        let told = refused.map_err(|error| error.to_string());
        assert!(told.as_ref().is_err_and(|told| told.contains("UNIQUE constraint failed")), "{what}: {told:?}");
    }
}
