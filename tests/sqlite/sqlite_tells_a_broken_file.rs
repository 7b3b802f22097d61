//! What a `SqliteStore` answers when its file is missing, damaged, of another version or none of SQLite's, and that the
//! same store works again once the file is put right (failures 30, 31).
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::fs;
use std::path::{Path, PathBuf};

use common::folder::Folder;
use common::patient::{Patient, WRITES, chain, connect, lazy_pool, options};
use common::remote_store::{Fault, Method};
use personal_tokens::StoreError;
use personal_tokens::store::SqliteStore;
use personal_tokens::store::sqlx::raw_sql;
use personal_tokens::store::sqlx::sqlite::SqliteJournalMode::Wal;

type Harm = fn(&Path);

#[tokio::test]
async fn a_file_that_was_harmed_is_told_as_such_until_it_is_put_back() {
    let (corrupt, unavailable) = (Fault::Corrupt, Fault::Unavailable);
    let table: [(&str, Harm, Fault, &str); 8] = [
        ("a page is missing", |file| truncate(file, |len| len - 4_096), corrupt, "malformed"),
        ("all but two pages are missing", |file| truncate(file, |_| 8_192), corrupt, "malformed"),
        ("it ends in the first page", |file| truncate(file, |_| 1_000), corrupt, "malformed"),
        ("it ends in the header", |file| truncate(file, |_| 60), corrupt, "malformed"),
        ("it is a text", |file| fs::write(file, "a shopping list\n".repeat(500)).unwrap(), corrupt, "not a database"),
        ("it is five bytes long", |file| fs::write(file, "hello").unwrap(), corrupt, "not a database"),
        ("it is missing", |file| fs::remove_file(file).unwrap(), unavailable, "unable to open"),
        ("it is a folder", become_a_folder, unavailable, "unable to open"),
    ];
    for (what, harm, fault, because) in table {
        let folder = Folder::new();
        let file = folder.file("tokens.db");
        let patient = ready(&file).await;
        let whole = fs::read(&file).unwrap();
        harm(&file);
        eprintln!("{what}");
        patient.assert_fails(&Method::ALL, fault, because).await;
        if file.is_dir() {
            fs::remove_dir(&file).unwrap();
        }
        for log in ["tokens.db-wal", "tokens.db-shm"] {
            let _ = fs::remove_file(folder.file(log));
        }
        fs::write(&file, whole).unwrap();
        patient.assert_works().await;
    }
}

/// To SQLite it is a new database: who opens it gets new tables, and a host's pool has none.
#[tokio::test]
async fn a_file_that_was_emptied_holds_no_tables() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let patient = ready(&file).await;
    truncate(&file, |_| 0);
    patient.assert_fails(&Method::ALL, Fault::Unavailable, "no such table").await;
    patient.store.close().await;
    let patient = patient.through(SqliteStore::open(&file).await.unwrap());
    assert_eq!(patient.rows().await, []);
}

/// Pages that nothing was read from are not missed. What a connection has read once it does not read again: one that met
/// a damaged page must not be used any more.
#[tokio::test]
async fn a_damaged_page_is_corrupt_for_whoever_reads_it_until_it_is_put_back() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let mut patient = ready(&file).await;
    let whole = fs::read(&file).unwrap();
    let (mut pages, mut found) = (0, 0);
    for page in (0..whole.len()).step_by(4_096).skip(1) {
        patient = patient.through(host(&file));
        pages += 1;
        for method in [Method::Find, Method::List, Method::Expiring, Method::Get] {
            let mut damaged = whole.clone();
            damaged[page..][..4_096].fill(0xA5);
            fs::write(&file, damaged).unwrap();
            match patient.call(method).await {
                Ok(()) => {}
                Err(StoreError::Corrupt(_)) => found += 1,
                Err(error) => panic!("page at {page}, {method:?}: {error:?}"),
            }
            fs::write(&file, &whole).unwrap();
            patient.call(method).await.unwrap_or_else(|error| panic!("page at {page}, {method:?}: {error:?}"));
        }
    }
    assert!(found > 3, "{found} calls met one of {pages} damaged pages");
    patient.assert_works().await;
}

#[tokio::test]
async fn open_says_what_is_wrong_with_the_place() {
    let folder = Folder::new();
    let text = folder.file("text.db");
    fs::write(&text, "a shopping list\n".repeat(500)).unwrap();
    let missing = folder.file("missing/tokens.db");
    let absent = PathBuf::from(format!("sqlite:{}?mode=rw", folder.file("absent.db").display()));
    let read_only = PathBuf::from(format!("sqlite:{}?mode=ro", folder.file("absent.db").display()));
    let url = PathBuf::from("sqlite:tokens.db?mode=sideways");
    let table = [
        (folder.path().to_owned(), Fault::Unavailable, "unable to open"),
        (missing.clone(), Fault::Unavailable, "cannot create the file"),
        (absent, Fault::Unavailable, "unable to open"),
        (read_only, Fault::Unavailable, "unable to open"),
        (url, Fault::Unavailable, "sideways"),
        (text, Fault::Corrupt, "not a database"),
    ];
    for (place, fault, because) in table {
        let error = SqliteStore::open(&place).await.unwrap_err();
        assert!(fault.made(&error) && chain(&error).contains(because), "{}: {error:?}", place.display());
    }
    fs::create_dir(missing.parent().unwrap()).unwrap();
    Patient::of(SqliteStore::open(&missing).await.unwrap()).await.assert_works().await;
}

#[tokio::test]
async fn a_store_that_was_opened_for_reading_writes_nothing() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let patient = Patient::of(SqliteStore::open(&file).await.unwrap()).await;
    let before = patient.rows().await;
    let reading = SqliteStore::open(format!("sqlite:{}?mode=ro", file.display())).await.unwrap();
    let patient = patient.through(reading);
    patient.assert_fails(&WRITES, Fault::Unavailable, "readonly database").await;
    assert_eq!(patient.rows().await, before);
}

#[tokio::test]
async fn tables_of_another_version_are_not_opened() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let patient = Patient::of(SqliteStore::open(&file).await.unwrap()).await;
    let mut other = connect(&file).await;
    for (version, because) in [(2, "the tables are of version 2, and this release knows version 1"), (0, "version 0")] {
        let update = format!("UPDATE personal_tokens_schema SET version = {version}");
        raw_sql(personal_tokens::store::sqlx::AssertSqlSafe(update)).execute(&mut other).await.unwrap();
        for error in [SqliteStore::open(&file).await.unwrap_err(), patient.store.create_tables().await.unwrap_err()] {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            assert!(chain(&error).contains(because), "{}", chain(&error));
        }
    }
    raw_sql("UPDATE personal_tokens_schema SET version = 1").execute(&mut other).await.unwrap();
    SqliteStore::open(&file).await.unwrap();
    patient.store.create_tables().await.unwrap();
    patient.assert_works().await;
}

/// A file with all its content, and a store that has not opened it yet.
async fn ready(file: &Path) -> Patient {
    let patient = Patient::of(SqliteStore::open(file).await.unwrap()).await;
    patient.store.close().await;
    patient.through(host(file))
}

fn host(file: &Path) -> SqliteStore {
    SqliteStore::from_pool(lazy_pool(options(file, Wal).create_if_missing(false), 2))
}

fn truncate(file: &Path, to: fn(u64) -> u64) {
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_len(to(file.metadata().unwrap().len())).unwrap();
}

fn become_a_folder(file: &Path) {
    fs::remove_file(file).unwrap();
    fs::create_dir(file).unwrap();
}
