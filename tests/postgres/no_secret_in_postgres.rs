//! After hundreds of tokens' lives PostgreSQL's tables and indexes, as rows and as files, the server's log of all statements with their
//! parameters, and the client's own log hold no part of a secret, in no encoding (failures 2, 28); a leak that is planted is found.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing", feature = "tracing"))]

use crate::common;

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::forge::{RANDOM_LEN, forge, random_of};
use common::noon;
use common::postgres::{Server, run};
use common::recorder::Recorder;
use common::search::{KeptBack, base64, hex, secret_of};
use personal_tokens::store::sqlx::{AssertSqlSafe, query_scalar};
use personal_tokens::store::{ListQuery, PostgresStore, TokenStore as _};
use personal_tokens::{Duration, Issued, ManualClock, NewToken, OwnerId, PersonalTokens, Rotation, Token, TokenChange};

const OWNERS: u32 = 3;
const TOKENS_OF_EACH: usize = 100;

/// A store whose tokens were issued, used, renamed, rotated, revoked and pruned; and all tokens that there were.
async fn a_used_store(url: &str) -> (Arc<PostgresStore>, Vec<Token>) {
    let (store, clock) = (Arc::new(PostgresStore::connect(url).await.unwrap()), ManualClock::new(noon()));
    store.create_tables().await.unwrap();
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
    assert!(tokens.prune().await.unwrap() > 30);
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

/// What a dump would hold.
async fn rows(server: &Server) -> String {
    let all = "SELECT string_agg(token::text, E'\\n') FROM personal_tokens AS token";
    query_scalar(AssertSqlSafe(all)).fetch_one(&mut server.connect("postgres").await).await.unwrap()
}

/// The tables and their indexes, as they stand on the disk.
async fn files(server: &Server) -> Vec<u8> {
    let mut connection = server.connect("postgres").await;
    run(&mut connection, "CHECKPOINT").await;
    let paths = "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relname LIKE 'personal_tokens%' AND relkind IN ('r', 'i')";
    let paths: Vec<String> = query_scalar(paths).fetch_all(&mut connection).await.unwrap();
    let data = server.folder().join("data");
    paths.iter().flat_map(|path| std::fs::read(data.join(path)).unwrap()).collect()
}

/// What the server says of each statement, each once.
fn told(server: &Server) -> String {
    let log = server.log();
    let said: BTreeSet<_> = log.lines().map(|line| line.split_once(": ").map_or(line, |(_, said)| said)).collect();
    said.into_iter().map(|line| format!("{line}\n")).collect()
}

/// What the events say, each once: thousands say the same.
fn logged(recorder: &Recorder) -> String {
    let events = recorder.take_events();
    let said: BTreeSet<_> = events.iter().flat_map(|event| event.all_fields()).collect();
    said.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

#[tokio::test]
async fn hundreds_of_tokens_leave_no_part_of_a_secret_and_a_planted_one_is_found() {
    let recorder = Recorder::everywhere();
    let server = Server::start(&[("log_statement", "all")]);
    let (store, tokens) = a_used_store(&server.url("postgres")).await;
    assert_eq!(tokens.len(), 330);
    let kept_back = kept_back(&tokens);
    let nothing = BTreeSet::new();

    assert_eq!(kept_back.forms_in(rows(&server).await.as_bytes()), nothing, "the rows");
    assert_eq!(kept_back.forms_in(&files(&server).await), nothing, "the files");
    let log = told(&server);
    for statement in ["INSERT INTO", "UPDATE", "DELETE FROM", "parameters: "] {
        assert!(log.contains(statement), "the server's log tells of each {statement}");
    }
    assert_eq!(kept_back.forms_in(log.as_bytes()), nothing, "the server's log");
    let log = logged(&recorder);
    assert!(log.contains("INSERT INTO"), "the client's log tells of it");
    assert_eq!(kept_back.forms_in(log.as_bytes()), nothing, "the client's log");

    // The control: rows that hold a secret.
    let kept = &tokens[1];
    assert!(store.find(kept.id()).await.unwrap().is_some());
    let secret = &random_of(kept.expose())[12..];
    let mut connection = server.connect("postgres").await;
    let raw = format!("UPDATE personal_tokens SET digest = '\\x{}'", hex(secret));
    let text = format!("UPDATE personal_tokens SET name = '{}'", base64(&URL_SAFE_NO_PAD, secret));
    for planted in [raw, text] {
        run(&mut connection, &format!("{planted} WHERE id = '\\x{}'", hex(kept.id().as_bytes()))).await;
    }
    let forms = BTreeSet::from(["hex", "base64url"]);
    assert!(kept_back.forms_in(rows(&server).await.as_bytes()).is_superset(&forms), "in the rows");
    assert!(kept_back.forms_in(told(&server).as_bytes()).is_superset(&forms), "in the server's log");
    let forms = BTreeSet::from(["as it is", "base64url"]);
    assert!(kept_back.forms_in(&files(&server).await).is_superset(&forms), "in the files");
}
