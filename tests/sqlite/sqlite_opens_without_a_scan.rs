//! A node that starts reads no token, however many there are: a file opens though every page of the tokens' table and of its
//! indexes is spoilt. The first look-up is told so.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing"))]

use crate::common;

use std::fs;
use std::path::Path;

use common::folder::Folder;
use common::rulebook::token_id;
use personal_tokens::PersonalTokens;
use personal_tokens::store::sqlx::{Connection as _, SqliteConnection, query_scalar, raw_sql};
use personal_tokens::store::{SqliteStore, StoreError, TokenStore as _};

const PAGE: usize = 4_096;
const MANY: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    INSERT INTO personal_tokens (id, owner, name, digest_key, digest, scopes, created, never_expires, expiry_set)
    SELECT CAST(printf('%012d', n) AS BLOB), 'store-' || n / 10, 'token ' || n, 0, zeroblob(32), '', n, 1, n FROM numbers;
    PRAGMA wal_checkpoint(TRUNCATE)";

#[tokio::test]
async fn a_file_opens_though_no_token_can_be_read() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let sound = token_id(1);
    assert_eq!(store.find(sound).await.unwrap(), None);
    store.close().await;
    let needed = fill(&file).await;
    let mut bytes = fs::read(&file).unwrap();
    let pages = bytes.len() / PAGE;
    for page in (1..=pages).filter(|page| !needed.contains(page)) {
        bytes[(page - 1) * PAGE..][..PAGE].fill(0xA5);
    }
    assert!(pages > 500 && needed.len() < 5, "{needed:?} of {pages}");
    fs::write(&file, bytes).unwrap();

    let store = SqliteStore::open(&file).await.unwrap();
    store.create_tables().await.unwrap();
    let found = store.find(sound).await;
    assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
    PersonalTokens::builder(store).prefix("shop").build().unwrap();
}

/// The pages that tell which tables there are, and of which version.
async fn fill(file: &Path) -> Vec<usize> {
    let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    raw_sql(MANY).execute(&mut connection).await.unwrap();
    let pages = "SELECT pageno FROM dbstat WHERE name IN ('sqlite_schema', 'personal_tokens_schema')";
    let pages: Vec<i64> = query_scalar(pages).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    pages.into_iter().map(|page| page as usize).collect()
}
