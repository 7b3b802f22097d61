//! Lists come in pages without gap or repetition, of the state that is asked for, newest first; a token is shown with
//! its last use and how exact that is; and what a query says wrong is told.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use common::management::{Host, host, host_with};
use common::owner;
use common::remote_store::Method;
use personal_tokens::management::Settings;
use personal_tokens::{Duration, NewToken};
use serde_json::{Value, json};

async fn host_with_tokens(count: usize) -> Host {
    let host = host_with(|builder| builder.max_active_per_owner(None), Settings::new());
    for number in 0..count {
        let new = NewToken::new(owner(), format!("token {number}"));
        // Every fourth has ended, of two kinds; many were made in one moment.
        let new = if number % 4 == 1 { new.expires_in(Duration::days(1)) } else { new };
        let issued = host.tokens.issue(new).await.unwrap();
        if number % 8 == 3 {
            host.tokens.revoke(&owner(), issued.record.id).await.unwrap();
        }
        if number % 16 == 0 {
            host.clock.advance(Duration::SECOND);
        }
    }
    host.clock.advance(Duration::days(1));
    host
}

/// Page by page; and how many pages.
async fn walk(host: &Host, query: &str) -> (Vec<Value>, usize) {
    let (mut all, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = host.get(&format!("tokens?{query}{cursor}")).await.is(200);
        all.extend(page["tokens"].as_array().unwrap().clone());
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, pages),
        }
        assert!(pages < 1_000, "it does not end");
    }
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat() {
    let host = host_with_tokens(250).await;
    let states = [("", 250), ("state=all", 250), ("state=active", 156), ("state=ended", 94)];
    for (state, count) in states {
        let mut names = std::collections::BTreeSet::new();
        for (limit, size) in [("", 50), ("&limit=1", 1), ("&limit=7", 7), ("&limit=100", 100)] {
            let (tokens, pages) = walk(&host, &format!("{state}{limit}")).await;
            let ids: std::collections::BTreeSet<_> = tokens.iter().map(|token| token["id"].as_str().unwrap()).collect();
            assert_eq!((tokens.len(), ids.len()), (count, count), "{state}{limit}");
            assert_eq!(pages, count.div_ceil(size), "{state}{limit}");
            assert!(tokens.is_sorted_by(|a, b| a["created_at"].as_str() >= b["created_at"].as_str()));
            names.insert(tokens.iter().map(|token| token["name"].to_string()).collect::<Vec<_>>());
            let wanted = |token: &Value| match state {
                "state=active" => token["state"] == "active",
                "state=ended" => token["state"] != "active",
                _ => true,
            };
            assert!(tokens.iter().all(wanted), "{state}");
        }
        assert_eq!(names.len(), 1, "one order, whatever the pages");
    }
}

#[tokio::test]
async fn a_view_takes_one_call_of_the_store() {
    let host = host_with_tokens(120).await;
    let page = host.get("tokens?limit=100").await.is(200);
    host.store.take_calls();
    host.get(&format!("tokens?limit=100&cursor={}", page["next"].as_str().unwrap())).await.is(200);
    assert_eq!(host.store.take_calls(), [Method::List]);
}

#[tokio::test]
async fn a_token_that_was_issued_meanwhile_moves_no_page() {
    let host = host_with_tokens(20).await;
    let first = host.get("tokens?limit=10").await.is(200);
    host.issue("meanwhile", &[]).await;
    let rest = host.get(&format!("tokens?limit=10&cursor={}", first["next"].as_str().unwrap())).await.is(200);
    let count = |page: &Value| page["tokens"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&rest), &rest["next"]), (10, 10, &Value::Null));
}

#[tokio::test]
async fn the_last_use_is_shown_with_its_accuracy() {
    // Two nodes may note one use after the other, and no claim is finer than what is known.
    for (resolution, shown) in [(Duration::MINUTE, 120), (Duration::seconds(1), 2), (Duration::milliseconds(1_250), 3)]
    {
        let host = host_with(|builder| builder.usage_resolution(resolution), Settings::new());
        let issued = host.issue("sync", &[]).await;
        let path = format!("tokens/{}", issued["record"]["id"].as_str().unwrap());
        assert_eq!(issued["record"]["last_used"], Value::Null);
        host.clock.advance(Duration::milliseconds(500));
        host.tokens.verify(issued["token"].as_str().unwrap()).await.unwrap();
        let used = json!({"at": "2026-01-01T12:00:00.500000Z", "accuracy_seconds": shown});
        // While it waits for a flush, and after.
        for _ in 0..2 {
            assert_eq!(host.get(&path).await.is(200)["last_used"], used);
            assert_eq!(host.tokens("").await[0]["last_used"], used);
            assert_eq!(host.patch(&path, json!({})).await.is(200)["last_used"], used);
            host.tokens.flush().await.unwrap();
        }
        assert_eq!(host.delete(&path).await.is(200)["last_used"], used);
    }
}

#[tokio::test]
async fn what_a_query_says_wrong_is_told() {
    let token = host().issue("sync", &[]).await["token"].as_str().unwrap().to_owned();
    let table = [
        ("state=", Some("state")),
        ("state=Active", Some("state")),
        ("state=revoked", Some("state")),
        ("limit=0", Some("limit")),
        ("limit=101", Some("limit")),
        ("limit=-1", Some("limit")),
        ("limit=1.5", Some("limit")),
        ("limit=", Some("limit")),
        ("limit=ten", Some("limit")),
        ("limit=99999999999999999999", Some("limit")),
        ("cursor=", Some("cursor")),
        ("cursor=nonsense", Some("cursor")),
        ("cursor=%00", Some("cursor")),
        ("cursor=TOKEN", Some("cursor")),
        ("state=TOKEN", Some("state")),
        ("limit=TOKEN", Some("limit")),
        ("state=all&state=all", None),
        ("limit=5&limit=6", None),
        ("owner=store-43", None),
        ("TOKEN=1", None),
        ("state=all&page=2", None),
    ];
    let host = host();
    host.store.take_calls();
    for (query, field) in table {
        let answer = host.get(&format!("tokens?{}", query.replace("TOKEN", &token))).await;
        assert_eq!(answer.problem(), (400, "invalid-query".into(), field.map(str::to_owned)), "{query}");
        assert!(!answer.to_string().contains(&token), "{query}: {answer}");
    }
    assert_eq!(host.store.take_calls(), []);
}
