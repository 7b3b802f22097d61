//! A token of another owner is no different from none, on every route: the same answer to the byte, and nothing done
//! (failures 33).
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use common::management::{Ask, Host, host, person_of};
use common::{other_owner, owner};
use personal_tokens::management::{Principal, Rights};
use personal_tokens::{OwnerId, TokenId};
use serde_json::{Value, json};

/// Whom the token is not of: another, and those whose names are near.
fn strangers() -> Vec<OwnerId> {
    let near = ["Store-42", "store-42 ", "store-4", "store-422", "store-42\u{301}"];
    near.into_iter().map(|name| OwnerId::new(name).unwrap()).chain([other_owner()]).collect()
}

async fn ours() -> (Host, Value) {
    let host = host();
    let issued = host.issue("sync", &["products:read"]).await;
    (host, issued["record"].clone())
}

#[tokio::test]
async fn anothers_token_is_answered_as_none_is() {
    let (host, token) = ours().await;
    let rows = host.rows().await;
    let id = token["id"].as_str().unwrap();
    let unknown = TokenId::from_bytes([7; TokenId::LEN]).to_string();
    for owner in strangers() {
        let stranger = host.seen_by(person_of(owner.clone()));
        let about =
            |id: &str| Ask::each(id).into_iter().filter(|ask| ask.path.starts_with("tokens/")).collect::<Vec<_>>();
        let asks: Vec<_> =
            about(id).into_iter().zip(about(&unknown)).filter(|(ask, _)| ask.path.contains(id)).collect();
        assert_eq!(asks.len(), 4);
        for (ask, none) in asks {
            let [answer, expected] = [stranger.ask(&ask).await, stranger.ask(&none).await];
            assert_eq!(answer.refused(404), "not-found", "{ask:?}");
            assert_eq!((answer.headers, answer.body), (expected.headers, expected.body), "{ask:?}");
        }
        // Neither is it told by what else would be wrong with it, nor by a scope that is not granted.
        let clerk = host.seen_by(Principal::new(owner, Rights::all()));
        for body in [json!({"expires_at": null}), json!({"scopes": ["products:read"]}), json!({"name": "sync"})] {
            assert_eq!(clerk.patch(&format!("tokens/{id}"), body).await.refused(404), "not-found");
        }
        assert_eq!(clerk.post(&format!("tokens/{id}/rotate"), json!({})).await.refused(404), "not-found");
        for query in ["", "?state=ended", "?state=active&limit=100"] {
            assert_eq!(stranger.tokens(query).await, [Value::Null; 0]);
        }
        assert_eq!(stranger.post("tokens/revoke-all", json!({"confirm": "all"})).await.is(200), json!({"revoked": 0}));
        assert_eq!(host.rows().await, rows);
    }
    assert_eq!(host.get(&format!("tokens/{id}")).await.is(200), token);
}

#[tokio::test]
async fn names_limits_cursors_and_revocations_are_each_owners_own() {
    let (host, _) = ours().await;
    let theirs = host.seen_by(person_of(other_owner()));
    // The name is free for another, who is told of no holder.
    let same = theirs.issue("sync", &[]).await["record"].clone();
    for number in 0..3 {
        host.issue(&format!("ours {number}"), &[]).await;
    }
    // A cursor that came from elsewhere shows no more than their own.
    let next = host.get("tokens?limit=1").await.is(200)["next"].as_str().unwrap().to_owned();
    for token in theirs.tokens(&format!("?cursor={next}")).await {
        assert_eq!(token, same);
    }
    assert_eq!(theirs.post("tokens/revoke-all", json!({"confirm": "all"})).await.is(200), json!({"revoked": 1}));
    assert_eq!(host.tokens("?state=active").await.len(), 4);
    assert!(host.rows().await.iter().all(|row| (row.owner == owner()) == row.revoked.is_none()));
}

/// What is no id is the id of nothing, whatever stands there.
#[tokio::test]
async fn what_is_no_id_names_no_token() {
    let (host, token) = ours().await;
    let rows = host.rows().await;
    let id = token["id"].as_str().unwrap();
    let texts = [
        "x",
        "0",
        "null",
        "%00",
        "%FF",
        "%2e%2e",
        "..",
        "%2F",
        "AAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAA%3D",
        "AAAAAAAAAAAAAAA+",
        &format!("{id}%20"),
        &format!("%20{id}"),
        &format!("{id}%00"),
        &id.to_lowercase(),
        &"A".repeat(5_000),
    ];
    for text in texts.into_iter().filter(|text| *text != id) {
        for ask in Ask::each(text).into_iter().filter(|ask| ask.path.starts_with(&format!("tokens/{text}"))) {
            assert_eq!(host.ask(&ask).await.refused(404), "not-found", "{ask:?}");
        }
    }
    assert_eq!(host.rows().await, rows);
}
