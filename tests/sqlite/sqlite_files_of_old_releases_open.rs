//! A database file that a release wrote is read and written by every later one: for each version of the tables, a file of
//! `fixtures` holds a token in every state, as those tables keep it.
//!
//! A file is made once and never again. Whoever changes the tables adds the next one to `FILES`, and makes it by
//! `cargo test --all-features --test sqlite_files_of_old_releases_open -- --ignored`; the others stay.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing"))]

use crate::common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::folder::Folder;
use common::rulebook::{after, name, policy, with};
use common::tables::connect;
use common::{noon, verdict};
use personal_tokens::store::sqlx::query_scalar;
use personal_tokens::store::{ListQuery, SqliteStore, TokenStore as _};
use personal_tokens::{
    Actor, Change, Duration, Expiry, ManualClock, NewToken, OwnerId, PersonalTokens, Rejection, Rotated, Rotation,
    Scopes, Timestamp, Token, TokenChange, TokenPrefix, TokenRecord,
};

/// A version of the tables, and the file of `fixtures` that keeps them.
const FILES: &[(i64, &str)] = &[(1, "sqlite_1.db")];
const OTHER_OWNER: &str = "Робота 🗝 'DROP TABLE\" personal_tokens;--";
const ACTIVE: Option<Rejection> = None;

/// The tokens, what is said of each at noon, and what the file keeps of it.
fn contents() -> [(&'static str, Option<Rejection>, TokenRecord); 8] {
    let in_grace = token("shop_l6KtuMPO2eTv-gUQGyYxPEdSXWhzfomUn6q1wMvW4ez3Ag0YIy45RE9aZXBbAC-J").id();
    let successor = token("shop_vMfS3ejz_gkUHyo1QEtWYWx3go2Yo665xM_a5fD7BhEcJzI9SFNeaXR_ipWAU2dA").id();
    [
        kept("shop_Aw4ZJC86RVBbZnF8h5KdqLO-ydTf6vUACxYhLDdCTVhjbnmEj5qlsLvG0dw49VVW", ACTIVE, |_| {}),
        kept("shop_KDM-SVRfanWAi5ahrLfCzdjj7vkEDxolMDtGUVxncn2Ik56ptL_K1eDr9gGLVfsD", ACTIVE, |record| {
            record.name = name("expires in an hour, was used and announced");
            record.scopes = Scopes::new(["products:read", "products:write"]).unwrap();
            record.created_by = Some(Actor::new("admin-7").unwrap());
            record.expiry = Expiry::At(after(3_600));
            record.expiry_set = after(-60);
            (record.last_used, record.noticed) = (Some(after(-30)), Some(after(-20)));
        }),
        kept(
            "shop_TVhjbnmEj5qlsLvG0dzn8v0IEx4pND9KVWBrdoGMl6KtuMPO2eTv-gUQGyY-sn3x",
            Some(Rejection::Expired),
            |record| {
                record.name = name("expired at noon");
                record.expiry = Expiry::At(noon());
            },
        ),
        kept(
            "shop_cn2Ik56ptL_K1eDr9gEMFyItOENOWWRveoWQm6axvMfS3ejz_gkUHyo1QEtN1ebh",
            Some(Rejection::Revoked),
            |record| {
                record.revoked = Some(after(-1));
            },
        ),
        kept("shop_l6KtuMPO2eTv-gUQGyYxPEdSXWhzfomUn6q1wMvW4ez3Ag0YIy45RE9aZXBbAC-J", ACTIVE, |record| {
            record.name = name("rotated");
            record.rotated = Some(Rotated { at: after(-60), successor, grace_ends: after(60) });
        }),
        kept("shop_vMfS3ejz_gkUHyo1QEtWYWx3go2Yo665xM_a5fD7BhEcJzI9SFNeaXR_ipWAU2dA", ACTIVE, |record| {
            record.name = name("rotated");
            record.predecessor = Some(in_grace);
        }),
        kept(
            "shop_4ez3Ag0YIy45RE9aZXB7hpGcp7K9yNPe6fT_ChUgKzZBTFdibXiDjpmkr7rJC25E",
            Some(Rejection::Rotated),
            |record| {
                record.owner = OwnerId::new(OTHER_OWNER).unwrap();
                record.name = name("מפתח é e\u{301}");
                record.rotated = Some(Rotated { at: after(-60), successor, grace_ends: after(-60) });
            },
        ),
        kept("shop_BhEcJzI9SFNeaXR_ipWgq7bBzNfi7fgDDhkkLzpFUFtmcXyHkp2os77J1N-q1Qq-", ACTIVE, |record| {
            record.owner = OwnerId::new(OTHER_OWNER).unwrap();
            record.name = name(&"n".repeat(255));
            record.created_by = Some(Actor::new(&"ö".repeat(127)).unwrap());
            (record.created, record.expiry_set) = (Timestamp::MIN, Timestamp::MIN);
            record.expiry = Expiry::At(Timestamp::MAX);
            record.last_used = Some(Timestamp::from_micros(1).unwrap());
            record.noticed = Some(Timestamp::from_micros(-1).unwrap());
        }),
    ]
}

/// Issued an hour before noon, without scopes and expiry, other than said.
fn kept(
    text: &'static str,
    verdict: Option<Rejection>,
    differ: impl FnOnce(&mut TokenRecord),
) -> (&'static str, Option<Rejection>, TokenRecord) {
    let (owner, token) = (OwnerId::new("store-42").unwrap(), token(text));
    let record = TokenRecord::new(token.id(), owner, name("sync"), token.digest(), after(-3_600));
    (text, verdict, with(record, differ))
}

fn token(text: &str) -> Token {
    Token::parse(text.as_bytes(), &[TokenPrefix::new("shop").unwrap()]).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The file itself is never opened: SQLite could change it.
fn copy(folder: &Folder, name: &str) -> PathBuf {
    let copy = folder.file(name);
    std::fs::copy(fixture(name), &copy).unwrap();
    copy
}

/// All of them, each with its name.
async fn opened(folder: &Folder) -> Vec<(&'static str, Arc<SqliteStore>)> {
    let mut opened = Vec::new();
    for (_, name) in FILES {
        let store = SqliteStore::open(copy(folder, name)).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        opened.push((*name, Arc::new(store)));
    }
    opened
}

fn handle(store: &Arc<SqliteStore>) -> PersonalTokens {
    let builder = PersonalTokens::builder(Arc::clone(store)).prefix("shop").scopes(["products:read", "products:write"]);
    builder.clock(ManualClock::new(noon())).build().unwrap()
}

#[tokio::test]
async fn each_record_comes_back_as_it_was_written() {
    let folder = Folder::new();
    for (file, store) in opened(&folder).await {
        for (_, _, record) in contents() {
            let found = store.find(record.id).await.unwrap();
            assert_eq!(found.as_deref(), Some(&record), "{file}: {}", record.name);
        }
        for owner in ["store-42", OTHER_OWNER] {
            let owner = OwnerId::new(owner).unwrap();
            let listed = store.list(&owner, &ListQuery::all(), noon()).await.unwrap();
            let ours = contents().into_iter().filter(|(_, _, record)| record.owner == owner).count();
            assert_eq!(listed.len(), ours, "{file}");
            assert!(listed.iter().all(|listed| contents().iter().any(|(_, _, record)| record == listed)), "{file}");
        }
    }
}

#[tokio::test]
async fn each_token_is_judged_as_it_was() {
    let folder = Folder::new();
    for (file, store) in opened(&folder).await {
        let tokens = handle(&store);
        for (text, expected, record) in contents() {
            assert_eq!(verdict(tokens.verify(text).await), expected, "{file}: {}", record.name);
            let altered = if text.ends_with('A') { 'B' } else { 'A' };
            let altered = format!("{}{altered}", &text[..text.len() - 1]);
            assert_eq!(verdict(tokens.verify(altered).await), Some(Rejection::Malformed), "{file}");
        }
    }
}

#[tokio::test]
async fn its_tokens_can_be_changed() {
    let folder = Folder::new();
    for (file, store) in opened(&folder).await {
        println!("{file}");
        each_change_is_made(&store).await;
    }
}

async fn each_change_is_made(store: &Arc<SqliteStore>) {
    let tokens = handle(store);
    let [(kept, _, first), (_, _, second), (_, _, expired), _, (in_grace, ..), (_, _, successor), ..] = contents();
    let owner = first.owner.clone();
    tokens.verify(kept).await.unwrap();
    tokens.flush().await.unwrap();
    assert_eq!(store.find(first.id).await.unwrap().unwrap().last_used, Some(noon()));

    let new = NewToken::new(&owner, "new").scopes(["products:read"]);
    tokens.verify(tokens.issue(new).await.unwrap().token.expose()).await.unwrap();
    tokens.update(&owner, expired.id, TokenChange::new().expiry(Expiry::Never)).await.unwrap();
    let rotated = tokens.rotate(&owner, second.id, Rotation::new().grace(Duration::HOUR)).await.unwrap();
    assert_eq!(rotated.record.scopes, second.scopes);
    tokens.revoke(&owner, successor.id).await.unwrap();
    // With its successor its grace ends.
    assert_eq!(common::rejection(&tokens, in_grace).await, Some(Rejection::Rotated));
    assert!(tokens.claim_notice(&rotated.record, &[Duration::DAY]).await.unwrap().is_some());
    tokens.revoke_all(&owner).await.unwrap();
    assert_eq!(common::rejection(&tokens, kept).await, Some(Rejection::Revoked));
    let pruned = store.prune(after(1), 100).await.unwrap().len();
    assert_eq!(pruned, 9);
}

/// Whoever changes the tables changes their number, and teaches the release to bring the old ones up to it.
#[tokio::test]
async fn the_tables_are_those_in_the_file_of_their_version() {
    let folder = Folder::new();
    let (old, new) = (copy(&folder, file_of_this_version()), folder.file("new.db"));
    SqliteStore::open(&new).await.unwrap().close().await;
    assert_eq!(schema(&new).await, schema(&old).await);
}

/// No version goes without, so that none is forgotten.
#[test]
fn each_version_up_to_this_one_has_its_file() {
    let versions: Vec<i64> = FILES.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=SqliteStore::SCHEMA_VERSION).collect::<Vec<_>>());
}

fn file_of_this_version() -> &'static str {
    let found = FILES.iter().find(|(version, _)| *version == SqliteStore::SCHEMA_VERSION);
    found.expect("FILES has the file of this version").1
}

/// How everything in the file was made, comments and white space aside.
async fn schema(file: &Path) -> Vec<String> {
    let all = "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name";
    let made: Vec<String> = query_scalar(all).fetch_all(&mut connect(file).await).await.unwrap();
    let code = |line: &str| line.split("--").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    made.iter().map(|sql| sql.lines().map(code).collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test]
#[ignore = "it makes the file, once for each version of the tables"]
async fn make_the_file() {
    let file = fixture(file_of_this_version());
    assert!(!file.exists(), "there is one, which stays as it is");
    let store = SqliteStore::open(&file).await.unwrap();
    let limits = policy(|policy| policy.scopes = Scopes::new(["products:read", "products:write"]).unwrap());
    let mut records = contents().map(|(_, _, record)| record);
    // Those first who hold their names no more.
    records.sort_by_key(TokenRecord::is_current);
    for record in records {
        store.change(&Change::issue(record, Arc::clone(&limits))).await.unwrap();
    }
    store.close().await;
}
