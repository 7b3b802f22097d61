//! A database file that a release wrote is read and written by every later one: `fixtures/sqlite_1.db` holds a token in every
//! state, as tables of version 1 keep it.
//!
//! The file is made once and never again. That of a later version of the tables is made by
//! `cargo test --all-features --test sqlite_files_of_old_releases_open -- --ignored`, with its number in `FIXTURE`; this one and
//! what stands here about it stay.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing"))]

mod common;

use std::path::Path;
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

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sqlite_1.db");
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

/// The file itself is never opened: SQLite could change it.
async fn a_copy(folder: &Folder) -> Arc<SqliteStore> {
    let copy = folder.file("tokens.db");
    std::fs::copy(FIXTURE, &copy).unwrap();
    Arc::new(SqliteStore::open(&copy).await.unwrap())
}

fn handle(store: &Arc<SqliteStore>) -> PersonalTokens {
    let builder = PersonalTokens::builder(Arc::clone(store)).prefix("shop").scopes(["products:read", "products:write"]);
    builder.clock(ManualClock::new(noon())).build().unwrap()
}

#[tokio::test]
async fn each_record_comes_back_as_it_was_written() {
    let folder = Folder::new();
    let store = a_copy(&folder).await;
    for (_, _, record) in contents() {
        assert_eq!(store.find(record.id).await.unwrap().as_deref(), Some(&record), "{}", record.name);
    }
    for owner in ["store-42", OTHER_OWNER] {
        let owner = OwnerId::new(owner).unwrap();
        let listed = store.list(&owner, &ListQuery::all(), noon()).await.unwrap();
        assert_eq!(listed.len(), contents().iter().filter(|(_, _, record)| record.owner == owner).count());
        assert!(listed.iter().all(|listed| contents().iter().any(|(_, _, record)| record == listed)));
    }
}

#[tokio::test]
async fn each_token_is_judged_as_it_was() {
    let folder = Folder::new();
    let tokens = handle(&a_copy(&folder).await);
    for (text, expected, record) in contents() {
        assert_eq!(verdict(tokens.verify(text).await), expected, "{}", record.name);
        let altered = if text.ends_with('A') { 'B' } else { 'A' };
        let altered = format!("{}{altered}", &text[..text.len() - 1]);
        assert_eq!(verdict(tokens.verify(altered).await), Some(Rejection::Malformed));
    }
}

#[tokio::test]
async fn its_tokens_can_be_changed() {
    let folder = Folder::new();
    let store = a_copy(&folder).await;
    let tokens = handle(&store);
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
async fn the_tables_of_version_1_are_those_in_the_file() {
    let folder = Folder::new();
    let (old, new) = (folder.file("old.db"), folder.file("new.db"));
    std::fs::copy(FIXTURE, &old).unwrap();
    SqliteStore::open(&new).await.unwrap().close().await;
    assert_eq!(SqliteStore::SCHEMA_VERSION, 1);
    assert_eq!(schema(&new).await, schema(&old).await);
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
    assert!(!Path::new(FIXTURE).exists(), "there is one, which stays as it is");
    let store = SqliteStore::open(FIXTURE).await.unwrap();
    let limits = policy(|policy| policy.scopes = Scopes::new(["products:read", "products:write"]).unwrap());
    let mut records = contents().map(|(_, _, record)| record);
    // Those first who hold their names no more.
    records.sort_by_key(TokenRecord::is_current);
    for record in records {
        store.change(&Change::issue(record, Arc::clone(&limits))).await.unwrap();
    }
    store.close().await;
}
