//! After a thousand tokens' lives the database file, its logs and the log of its SQL hold no part of a secret, in no encoding
//! (failures 2, 28); a leak that is planted in each is found.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tracing"))]

use crate::common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::folder::Folder;
use common::forge::{RANDOM_LEN, forge, random_of};
use common::noon;
use common::recorder::Recorder;
use common::search::{KeptBack, base64, hex, secret_of};
use common::tables::{connect, run};
use personal_tokens::store::{ListQuery, SqliteStore, TokenStore as _};
use personal_tokens::{Duration, Issued, ManualClock, NewToken, OwnerId, PersonalTokens, Rotation, Token, TokenChange};

const OWNERS: u32 = 10;
const TOKENS_OF_EACH: usize = 100;

/// A store whose tokens were issued, used, renamed, rotated, revoked and pruned; and all tokens that there were.
async fn a_used_store(file: &Path) -> (Arc<SqliteStore>, Vec<Token>) {
    let (store, clock) = (Arc::new(SqliteStore::open(file).await.unwrap()), ManualClock::new(noon()));
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
    let tokens = builder.retention(Duration::HOUR).clock(clock.clone()).build().unwrap();

    let mut all: Vec<Token> = Vec::new();
    for owner in (0..OWNERS).map(OwnerId::from) {
        let mut issued: Vec<Issued> = Vec::new();
        for number in 0..TOKENS_OF_EACH {
            let new = NewToken::new(&owner, format!("sync {number}")).scopes(["products:read"]).created_by("admin-7");
            let new = if number % 2 == 0 { new.expires_in(Duration::HOUR) } else { new };
            issued.push(tokens.issue(new).await.unwrap());
        }
        for (number, one) in issued.iter().enumerate() {
            let (id, text) = (one.record.id, one.token.expose());
            present(&tokens, text).await;
            match number % 10 {
                1 => drop(tokens.update(&owner, id, TokenChange::new().name(format!("till {number}"))).await.unwrap()),
                2 => drop(tokens.revoke(&owner, id).await.unwrap()),
                3 => all.push(tokens.rotate(&owner, id, Rotation::new().grace(Duration::DAY)).await.unwrap().token),
                4 => drop(tokens.claim_notice(&one.record, &[Duration::DAY]).await.unwrap()),
                _ => {}
            }
        }
        all.extend(issued.into_iter().map(|one| one.token));
    }
    tokens.flush().await.unwrap();
    clock.advance(Duration::hours(3));
    assert!(tokens.prune().await.unwrap() > 100);
    tokens.revoke_all(&OwnerId::from(0)).await.unwrap();
    tokens.list(&OwnerId::from(1), ListQuery::all()).await.unwrap();
    tokens.expiring(Duration::DAY, None).await.unwrap();
    for text in all.iter().map(Token::expose) {
        drop(tokens.verify(text).await);
    }
    (store, all)
}

/// As it is, with another secret, and spoilt.
async fn present(tokens: &PersonalTokens, text: &str) {
    tokens.verify(text).await.unwrap();
    let mut other = random_of(text);
    other[RANDOM_LEN - 1] ^= 1;
    for wrong in [forge("shop", &other), text[1..].to_owned()] {
        tokens.verify(wrong).await.unwrap_err();
    }
}

/// The beginnings of all secrets, and some secrets whole: so much of each would stand in a leak.
fn kept_back(tokens: &[Token]) -> KeptBack {
    let part = |(number, token)| {
        let len = if number % 50 == 0 { usize::MAX } else { 12 };
        secret_of(token).map(|secret| secret[..len.min(secret.len())].to_vec())
    };
    KeptBack::new(tokens.iter().enumerate().flat_map(part))
}

/// The database and its logs, as they stand on the disk.
fn files(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

/// What the events say, each once: thousands say the same.
fn logged(recorder: &Recorder) -> String {
    let events = recorder.take_events();
    let said: BTreeSet<_> = events.iter().flat_map(|event| event.all_fields()).collect();
    said.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

#[tokio::test]
async fn a_thousand_tokens_leave_no_part_of_a_secret_and_a_planted_one_is_found() {
    let recorder = Recorder::everywhere();
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let (store, tokens) = a_used_store(&file).await;
    assert_eq!(tokens.len(), 1_100);
    let kept_back = kept_back(&tokens);
    let nothing = BTreeSet::new();

    let open = files(&folder);
    assert_eq!(names(&open), ["tokens.db", "tokens.db-shm", "tokens.db-wal"]);
    for (name, content) in &open {
        assert_eq!(kept_back.forms_in(content), nothing, "{name}");
    }
    let log = logged(&recorder);
    for statement in ["INSERT INTO personal_tokens", "UPDATE personal_tokens", "DELETE FROM personal_tokens"] {
        assert!(log.contains(statement), "the log tells of each {statement}");
    }
    assert_eq!(kept_back.forms_in(log.as_bytes()), nothing, "the log");

    // The control: a row and a statement that hold a secret.
    let kept = &tokens[1];
    assert!(store.find(kept.id()).await.unwrap().is_some());
    let secret = &random_of(kept.expose())[12..];
    let raw = format!("UPDATE personal_tokens SET digest = x'{}'", hex(secret));
    let text = format!("UPDATE personal_tokens SET name = '{}'", base64(&URL_SAFE_NO_PAD, secret));
    let mut connection = connect(&file).await;
    for (form, planted) in [("as it is", raw), ("base64url", text)] {
        run(&mut connection, &format!("{planted} WHERE id = x'{}'", hex(kept.id().as_bytes()))).await.unwrap();
        assert!(!kept_back.forms_in(logged(&recorder).as_bytes()).is_empty(), "{form}, in the log");
    }
    drop(connection);
    let forms = BTreeSet::from(["as it is", "base64url"]);
    assert!(kept_back.forms_in(&files(&folder)[2].1).is_superset(&forms), "in the write-ahead log");
    store.close().await;
    let closed = files(&folder);
    assert_eq!(names(&closed), ["tokens.db"]);
    assert!(kept_back.forms_in(&closed[0].1).is_superset(&forms), "in the closed file");
}
