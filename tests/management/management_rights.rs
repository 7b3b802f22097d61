//! A person does what their rights allow, and nothing else: each right opens its routes, and `actions` says of each
//! token what this person may do with it now. A clerk who may only grant reading leaves a token that writes as it is.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use std::collections::BTreeSet;

use common::management::{Ask, Host, host, host_with, person, scopes};
use common::owner;
use http::Method;
use personal_tokens::management::{Principal, Rights, Settings};
use personal_tokens::{Duration, NewToken, PersonalTokens, Rotation};
use serde_json::{Value, json};

/// By bits: list, issue, edit, revoke.
fn rights(bits: u8) -> Rights {
    let mut rights = Rights::none();
    (rights.list, rights.issue) = (bits & 1 != 0, bits & 2 != 0);
    (rights.edit, rights.revoke) = (bits & 4 != 0, bits & 8 != 0);
    rights
}

/// The rights that a route takes.
fn wanted(ask: &Ask) -> &'static [&'static str] {
    match (&ask.method, ask.path.as_str()) {
        (&Method::GET, path) if path.starts_with("tokens") => &["list"],
        (&Method::GET, _) => &[],
        (&Method::POST, "tokens") => &["issue"],
        (&Method::PATCH, _) => &["edit"],
        (&Method::POST, "tokens/revoke-all") | (&Method::DELETE, _) => &["revoke"],
        _ => &["issue", "edit"],
    }
}

async fn with_token(scopes: &[&str]) -> (Host, String) {
    let host = host();
    let id = host.issue("sync", scopes).await["record"]["id"].as_str().unwrap().to_owned();
    (host, id)
}

#[tokio::test]
async fn each_right_opens_its_routes_and_no_other() {
    for bits in 0..16 {
        let held = rights(bits);
        let (host, id) = with_token(&["products:read"]).await;
        for ask in Ask::each(&id) {
            let rows = host.rows().await;
            host.store.take_calls();
            let mut who = person();
            who.rights = held;
            let answer = host.seen_by(who).ask(&ask).await;
            let holds = |right: &&&str| match **right {
                "list" => held.list,
                "issue" => held.issue,
                "edit" => held.edit,
                _ => held.revoke,
            };
            let Some(missing) = wanted(&ask).iter().find(|right| !holds(right)) else {
                assert!(matches!(answer.status, 200 | 201), "{held:?} {ask:?}: {answer}");
                continue;
            };
            assert_eq!(answer.refused(403), "missing-right", "{held:?} {ask:?}");
            assert_eq!(answer.json()["right"], **missing);
            assert_eq!(host.store.take_calls(), []);
            assert_eq!(host.rows().await, rows);
        }
    }
}

/// What they ask for is not looked at: no answer tells what is there.
#[tokio::test]
async fn the_right_is_asked_for_before_anything_else() {
    let host = host().seen_by(Principal::new(owner(), Rights::none()));
    for ask in [
        Ask::get("tokens?limit=no"),
        Ask::get("tokens/AAAAAAAAAAAAAAAA"),
        Ask::post("tokens", json!({"name": 7})),
        Ask::patch("tokens/AAAAAAAAAAAAAAAA", json!([])),
        Ask::post("tokens/AAAAAAAAAAAAAAAA/rotate", json!("x".repeat(20_000))),
        Ask::delete("tokens/AAAAAAAAAAAAAAAA"),
        Ask::post("tokens/revoke-all", json!({})),
    ] {
        assert_eq!(host.ask(&ask).await.refused(403), "missing-right", "{ask:?}");
    }
}

/// The hole that others had: whoever may rotate gets the secret of a token that does more than they may.
#[tokio::test]
async fn a_clerk_who_reads_leaves_a_token_that_writes_as_it_is() {
    let (host, id) = with_token(&["products:read", "products:write"]).await;
    let clerk = host.seen_by(person().grantable(scopes(&["products:read"])));
    let expiring = json!({"name": "nightly", "scopes": ["products:write"], "expires_at": "2026-01-02T00:00:00Z"});
    let nightly = host.post("tokens", expiring).await.is(201)["record"]["id"].as_str().unwrap().to_owned();
    let rows = host.rows().await;
    let (one, other) = (format!("tokens/{id}"), format!("tokens/{nightly}"));
    let refused = [
        Ask::post("tokens", json!({"name": "mine", "scopes": ["products:write"]})),
        Ask::post("tokens", json!({"name": "mine", "scopes": ["products:read", "products:write"]})),
        Ask::post(&format!("{one}/rotate"), json!({})),
        Ask::post(&format!("{other}/rotate"), json!({"grace_seconds": 60, "expires_at": "2026-01-01T13:00:00Z"})),
        Ask::patch(&other, json!({"expires_at": "2026-01-02T00:00:01Z"})),
        Ask::patch(&other, json!({"expires_at": null, "name": "renamed"})),
        Ask::patch(&other, json!({"scopes": ["products:read", "products:write"]})),
    ];
    for ask in refused {
        let answer = clerk.ask(&ask).await;
        let prolongs = ask.body.as_ref().is_some_and(|body| ask.method == "PATCH" && body.get("scopes").is_none());
        let field = if prolongs { "expires_at" } else { "scopes" };
        assert_eq!(answer.problem(), (403, "not-grantable".to_owned(), Some(field.to_owned())), "{ask:?}");
        assert_eq!(answer.json()["scope"], "products:write");
        assert_eq!(host.rows().await, rows, "{ask:?}");
    }
    // What takes away only, a clerk may do.
    let shorter = json!({"expires_at": "2026-01-01T13:00:00Z", "name": "shorter"});
    assert_eq!(clerk.patch(&other, shorter).await.is(200)["actions"], json!(["edit", "revoke"]));
    let narrow = clerk.patch(&one, json!({"scopes": ["products:read"]})).await.is(200);
    assert_eq!(narrow["actions"], json!(["edit", "rotate", "revoke"]));
    clerk.post(&format!("{one}/rotate"), json!({})).await.is(201);
    clerk.delete(&other).await.is(200);
}

#[tokio::test]
async fn the_forms_are_told_what_this_person_may_do() {
    let clerk =
        host().seen_by(Principal::new(owner(), Rights::none().list().revoke()).grantable(scopes(&["products:read"])));
    assert_eq!(
        clerk.get("scopes").await.is(200),
        json!({"scopes": [
            {"name": "products:read", "description": null, "grantable": true},
            {"name": "products:write", "description": null, "grantable": false},
        ]})
    );
    let rights = json!({"list": true, "issue": false, "edit": false, "revoke": true});
    assert_eq!(clerk.get("policy").await.is(200)["rights"], rights);
}

/// It was made when the host's list was longer: a rotation would be refused.
#[tokio::test]
async fn a_token_with_a_scope_that_is_not_offered_any_more_is_not_rotated() {
    let host = host_with(|builder| builder.scopes(["products:read"]), Settings::new());
    let before = PersonalTokens::builder(host.store.clone()).prefix("shop").scopes(["products:read", "products:write"]);
    let before = before.clock(host.clock.clone()).build().unwrap();
    let new = NewToken::new(owner(), "sync").scopes(["products:read", "products:write"]);
    let path = format!("tokens/{}", before.issue(new).await.unwrap().record.id);
    assert_eq!(host.get(&path).await.is(200)["actions"], json!(["edit", "revoke"]));
    assert_eq!(host.post(&format!("{path}/rotate"), json!({})).await.refused(422), "unknown-scope");
    let narrow = host.patch(&path, json!({"scopes": ["products:read"]})).await.is(200);
    assert_eq!(narrow["actions"], json!(["edit", "rotate", "revoke"]));
}

/// Tokens in each state, with and without scopes beyond the clerk's.
async fn museum() -> Host {
    let host = host();
    let (tokens, hour) = (&host.tokens, Duration::HOUR);
    for (kind, scope) in [("read", "products:read"), ("write", "products:write")] {
        let issue = async |name: &str, expires: bool| {
            let new = NewToken::new(owner(), format!("{name} {kind}")).scopes([scope]);
            let new = if expires { new.expires_in(hour) } else { new };
            tokens.issue(new).await.unwrap().record.id
        };
        issue("active", false).await;
        issue("expired", true).await;
        let (revoked, over, in_grace) =
            (issue("revoked", false).await, issue("over", false).await, issue("grace", false).await);
        tokens.revoke(&owner(), revoked).await.unwrap();
        tokens.rotate(&owner(), over, Rotation::new()).await.unwrap();
        tokens.rotate(&owner(), in_grace, Rotation::new().grace(Duration::DAY)).await.unwrap();
    }
    host.clock.advance(hour);
    host
}

/// What this person sees of the museum, what was rotated away before what took its place.
async fn exhibits(host: &Host) -> Vec<Value> {
    let mut tokens = host.tokens("").await;
    tokens.sort_by_key(|token| token["predecessor"].is_string());
    tokens
}

/// Each action, as a request that leaves scopes and expiry alone.
fn request_of(action: &str, id: &Value) -> Ask {
    let path = format!("tokens/{}", id.as_str().unwrap());
    match action {
        "edit" => Ask::patch(&path, json!({"name": format!("renamed {id}")})),
        "rotate" => Ask::post(&format!("{path}/rotate"), json!({})),
        _ => Ask::delete(&path),
    }
}

/// One that is not on offer does nothing, but that what has ended anyway can be marked as revoked.
async fn an_action_is_done_if_it_is_on_offer(host: &Host, rights: Rights, token: &Value, action: &str) {
    let offered = token["actions"].as_array().unwrap().contains(&json!(action));
    let answer = host.ask(&request_of(action, &token["id"])).await;
    if action == "revoke" && rights.revoke && !offered {
        let ended = token["state"] == "revoked" || token["state"] == "rotated";
        assert!(ended && answer.is(200)["state"] == "revoked", "{token}");
    } else {
        let expected: &[u16] = if offered { &[200, 201] } else { &[403, 409] };
        assert!(expected.contains(&answer.status), "{rights:?} {action} of {token}: {answer}");
    }
}

#[tokio::test]
async fn each_action_on_offer_is_done_and_no_other() {
    for grantable in [&[][..], &["products:read"], &["products:read", "products:write"]] {
        for held in (0..16).map(rights).filter(|rights| rights.list) {
            for action in ["edit", "rotate", "revoke"] {
                let host = museum().await.seen_by(Principal::new(owner(), held).grantable(scopes(grantable)));
                for token in exhibits(&host).await {
                    an_action_is_done_if_it_is_on_offer(&host, held, &token, action).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn the_museum_has_tokens_of_each_state() {
    let tokens = exhibits(&museum().await).await;
    let states = tokens.iter().map(|token| format!("{} {}", token["state"], token["actions"])).collect::<BTreeSet<_>>();
    let all = r#"["edit","rotate","revoke"]"#;
    let expected = [
        format!(r#""active" {all}"#),
        r#""active" ["revoke"]"#.to_owned(),
        format!(r#""expired" {all}"#),
        r#""revoked" []"#.to_owned(),
        r#""rotated" []"#.to_owned(),
    ];
    assert_eq!(states, expected.into());
}
