//! A token is replaced and ended by the JSON API: its successor takes its place, its grace ends by itself or when told
//! to, what is revoked stays so, and to revoke all takes the word.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use common::management::{Host, host};
use common::rejection;
use personal_tokens::{Duration, Rejection};
use serde_json::{Value, json};

fn id(token: &Value) -> String {
    token["id"].as_str().unwrap().to_owned()
}

/// Why the guard would refuse it.
async fn verdict(host: &Host, issued: &Value) -> Option<Rejection> {
    rejection(&host.tokens, issued["token"].as_str().unwrap()).await
}

#[tokio::test]
async fn a_rotated_token_lives_through_its_grace_or_until_it_is_ended() {
    for ended_early in [false, true] {
        let host = host();
        let old = host.issue("sync", &["products:read"]).await;
        let path = format!("tokens/{}", id(&old["record"]));
        let answer = host.post(&format!("{path}/rotate"), json!({"grace_seconds": 3600})).await;
        let new = answer.is(201);
        let successor = id(&new["record"]);
        // Seen from the request's own path, …/tokens/{id}/rotate.
        assert_eq!(answer.lines("location"), [format!("../{successor}")]);
        assert_eq!(host.get(&format!("tokens/{successor}")).await.is(200), new["record"]);
        assert_eq!(new["record"]["predecessor"], old["record"]["id"]);
        for same in ["name", "scopes", "expires_at"] {
            assert_eq!(new["record"][same], old["record"][same]);
        }
        let shown = host.get(&path).await.is(200);
        assert_eq!((&shown["state"], &shown["actions"]), (&json!("active"), &json!(["revoke"])));
        assert_eq!(shown["ends_at"], "2026-01-01T13:00:00Z");
        let rotated =
            json!({"at": "2026-01-01T12:00:00Z", "successor": successor, "grace_ends_at": "2026-01-01T13:00:00Z"});
        assert_eq!(shown["rotated"], rotated);
        assert_eq!((verdict(&host, &old).await, verdict(&host, &new).await), (None, None));

        let (state, rejected) = if ended_early {
            host.delete(&path).await.is(200);
            ("revoked", Rejection::Revoked)
        } else {
            host.clock.advance(Duration::HOUR);
            ("rotated", Rejection::Rotated)
        };
        let shown = host.get(&path).await.is(200);
        assert_eq!((&shown["state"], &shown["actions"]), (&json!(state), &json!([])));
        assert_eq!((verdict(&host, &old).await, verdict(&host, &new).await), (Some(rejected), None));
    }
}

#[tokio::test]
async fn a_rotation_says_how_long_the_new_token_lives() {
    let table = [
        (json!({}), json!("2026-01-01T15:00:00Z")),
        (json!({"expires_at": null}), Value::Null),
        (json!({"expires_at": "2026-01-01T14:30:00Z"}), json!("2026-01-01T14:30:00Z")),
    ];
    for (body, expected) in table {
        let host = host();
        let old = host.post("tokens", json!({"name": "sync", "expires_at": "2026-01-01T13:30:00Z"})).await.is(201);
        host.clock.advance(Duration::minutes(90));
        let new = host.post(&format!("tokens/{}/rotate", id(&old["record"])), body).await.is(201);
        assert_eq!(new["record"]["expires_at"], expected);
        assert_eq!(verdict(&host, &new).await, None);
    }
}

#[tokio::test]
async fn to_revoke_is_for_good_and_may_be_asked_again() {
    let host = host();
    let issued = host.issue("sync", &["products:read"]).await;
    let path = format!("tokens/{}", id(&issued["record"]));
    let revoked = host.delete(&path).await.is(200);
    assert_eq!((&revoked["state"], &revoked["revoked_at"]), (&json!("revoked"), &json!("2026-01-01T12:00:00Z")));
    assert_eq!((&revoked["ends_at"], &revoked["actions"]), (&revoked["revoked_at"], &json!([])));
    assert_eq!(verdict(&host, &issued).await, Some(Rejection::Revoked));
    host.clock.advance(Duration::HOUR);
    assert_eq!(host.delete(&path).await.is(200), revoked);
    for answer in
        [host.patch(&path, json!({"expires_at": null})).await, host.post(&format!("{path}/rotate"), json!({})).await]
    {
        assert_eq!(answer.problem(), (409, "not-changeable".to_owned(), None));
        assert_eq!(answer.json()["reason"], "revoked");
    }
    // Its name is free.
    host.issue("sync", &[]).await;
}

#[tokio::test]
async fn to_revoke_all_takes_the_word() {
    let host = host();
    let issued = [host.issue("a", &[]).await, host.issue("b", &["products:read"]).await];
    host.delete(&format!("tokens/{}", id(&issued[0]["record"]))).await.is(200);
    for body in [json!({}), json!({"confirm": "ALL"}), json!({"confirm": ""}), json!({"confirm": "all "})] {
        assert_eq!(
            host.post("tokens/revoke-all", body).await.problem(),
            (422, "invalid-field".into(), Some("confirm".into()))
        );
    }
    assert_eq!(verdict(&host, &issued[1]).await, None);
    assert_eq!(host.post("tokens/revoke-all", json!({"confirm": "all"})).await.is(200), json!({"revoked": 1}));
    assert_eq!(verdict(&host, &issued[1]).await, Some(Rejection::Revoked));
    assert_eq!(host.post("tokens/revoke-all", json!({"confirm": "all"})).await.is(200), json!({"revoked": 0}));
}
