//! A name, a scope, an expiry or a grace that the service does not allow is refused at its field, with what is allowed;
//! a token that is pasted somewhere is never repeated.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use common::forge::token_and_near_misses;
use common::management::{Answer, Ask, host_with, host_with_token};
use common::owner;
use common::search::KeptBack;
use personal_tokens::management::Settings;
use personal_tokens::{Duration, NewToken, Token, TokenPrefix};
use serde_json::{Value, json};

#[track_caller]
fn is(answer: &Answer, status: u16, kind: &str, field: &str) {
    assert_eq!(answer.problem(), (status, kind.to_owned(), Some(field.to_owned())), "{answer}");
}

/// Issue, update and rotate, where each has such a field, with this value in it.
fn asks(id: &str, field: &str, value: &Value) -> Vec<Ask> {
    let mut asks = Ask::with_bodies(id).to_vec();
    asks.truncate(3);
    asks.retain(|ask| ask.path.ends_with("rotate") == (field == "grace_seconds") || field == "expires_at");
    for ask in &mut asks {
        ask.body.as_mut().unwrap()[field] = value.clone();
    }
    asks
}

#[tokio::test]
async fn a_name_is_refused_at_its_field() {
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    let long = "é".repeat(128);
    let names = [
        "",
        " ",
        " x",
        "x ",
        "\u{a0}x",
        "x\u{3000}",
        "a\0b",
        "a\nb",
        "\u{1b}[31m",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{202e}b",
        "\u{2066}a",
        &long,
    ];
    for name in names {
        for ask in asks(&id, "name", &json!(name)) {
            is(&host.ask(&ask).await, 422, "invalid-name", "name");
        }
    }
    assert_eq!(host.rows().await, rows);
    // 255 bytes, markup, and what only looks like another.
    for name in [&long[..254], "</script><b>&amp;", "{{script}}", "Sync", "sync\u{301}", "שלום", "👩‍🚀"] {
        assert_eq!(host.post("tokens", json!({"name": name})).await.is(201)["record"]["name"], name);
    }
}

#[tokio::test]
async fn a_scope_is_refused_at_its_field() {
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    for (scope, kind) in [
        ("sell", "unknown-scope"),
        ("products:*", "unknown-scope"),
        ("Products:read", "unknown-scope"),
        ("products:read products:write", "invalid-scopes"),
        ("", "invalid-scopes"),
        ("products:read", "invalid-scopes"),
        ("a\"b", "invalid-scopes"),
        ("a\nb", "invalid-scopes"),
        ("prodücts", "invalid-scopes"),
    ] {
        for ask in asks(&id, "scopes", &json!(["products:read", scope])) {
            is(&host.ask(&ask).await, 422, kind, "scopes");
        }
    }
    let many = json!((0..1_000).map(|number| format!("scope-{number}")).collect::<Vec<_>>());
    assert_eq!(host.post("tokens", json!({"name": "x", "scopes": many})).await.status, 422);
    assert_eq!(host.rows().await, rows);
}

#[tokio::test]
async fn without_a_list_of_scopes_none_is_taken() {
    let host = host_with(|builder| builder.scopes([""; 0]), Settings::new());
    assert_eq!(host.get("scopes").await.is(200), json!({"scopes": []}));
    is(&host.post("tokens", json!({"name": "x", "scopes": ["products:read"]})).await, 422, "unknown-scope", "scopes");
    host.post("tokens", json!({"name": "x", "scopes": []})).await.is(201);
    host.post("tokens", json!({"name": "y"})).await.is(201);
}

#[tokio::test]
async fn an_expiry_is_refused_at_its_field() {
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    let no_instants = [
        "",
        "never",
        "tomorrow",
        "2027",
        "2027-01-31",
        "2027-01-31T00:00:00",
        "2027-01-31T00:00Z",
        "2027-01-31T00:00:00.Z",
        "2027-01-31T00:00:00+0100",
        "2027-01-31T00:00:00+24:00",
        "2027-01-31T24:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-02-29T00:00:00Z",
        " 2027-01-31T00:00:00Z",
        "2027-01-31T00:00:00Z ",
        "2027-01-31_00:00:00Z",
        "2027-01-31 00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "1800000000",
        "٢٠٢٧-01-31T00:00:00Z",
        // Outside the years 1 to 9999, of which one is outside in UTC only.
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ];
    for text in no_instants {
        for ask in asks(&id, "expires_at", &json!(text)) {
            let answer = host.ask(&ask).await;
            assert_eq!(answer.problem(), (422, "invalid-expiry".into(), Some("expires_at".into())), "{text:?}");
        }
    }
    for text in [
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-01-01T12:00:00Z",
        "2026-01-01T13:00:00+01:00",
        "2025-12-31T23:59:60Z",
    ] {
        for ask in asks(&id, "expires_at", &json!(text)) {
            is(&host.ask(&ask).await, 422, "expiry-in-past", "expires_at");
        }
    }
    assert_eq!(host.rows().await, rows);
    let next = json!({"expires_at": "2026-01-01T12:00:00.000001Z"});
    assert_eq!(host.patch(&format!("tokens/{id}"), next).await.is(200)["state"], "active");
}

#[tokio::test]
async fn the_services_limits_are_told() {
    let limits = |builder: personal_tokens::Builder| {
        builder.max_lifetime(Duration::days(30)).max_grace(Duration::HOUR).max_active_per_owner(1)
    };
    let host = host_with(limits, Settings::new());
    let rights = json!({"list": true, "issue": true, "edit": true, "revoke": true});
    let mut told = host.get("policy").await.is(200);
    assert!(told.as_object_mut().unwrap().remove("principal").is_some_and(|mark| mark.is_string()));
    assert_eq!(
        told,
        json!({"rights": rights, "never_allowed": false, "max_lifetime_seconds": 2_592_000, "max_grace_seconds": 3_600, "max_active": 1})
    );
    let new = NewToken::new(owner(), "sync").expires_in(Duration::DAY);
    let id = host.tokens.issue(new).await.unwrap().record.id.to_string();
    let rows = host.rows().await;
    let expiry = json!("2026-01-31T12:00:00.000001Z");
    for (field, value, kind, max) in [
        ("expires_at", expiry, "lifetime-too-long", 2_592_000),
        ("expires_at", Value::Null, "expiry-required", 2_592_000),
        ("grace_seconds", json!(3_601), "grace-out-of-range", 3_600),
        ("grace_seconds", json!(u64::MAX), "grace-out-of-range", 3_600),
        ("grace_seconds", json!(i64::MAX), "grace-out-of-range", 3_600),
    ] {
        for ask in asks(&id, field, &value) {
            let answer = host.ask(&ask).await;
            is(&answer, 422, kind, field);
            assert_eq!(answer.json()["max_seconds"], max);
        }
    }
    let full = host.post("tokens", json!({"name": "x", "expires_at": "2026-01-02T00:00:00Z"})).await;
    assert_eq!((full.problem(), &full.json()["max"]), ((409, "limit-reached".into(), None), &json!(1)));
    assert_eq!(host.rows().await, rows);
    let longest = json!({"grace_seconds": 3_600, "expires_at": "2026-01-31T12:00:00Z"});
    host.post(&format!("tokens/{id}/rotate"), longest).await.is(201);
}

#[tokio::test]
async fn without_limits_there_are_none_to_tell() {
    let host = host_with(|builder| builder.max_active_per_owner(None).max_grace(Duration::ZERO), Settings::new());
    let policy = host.get("policy").await.is(200);
    assert_eq!((&policy["never_allowed"], &policy["max_lifetime_seconds"]), (&json!(true), &Value::Null));
    assert_eq!((&policy["max_active"], &policy["max_grace_seconds"]), (&Value::Null, &json!(0)));
}

/// Where a person pastes it by mistake.
#[tokio::test]
async fn a_pasted_token_is_refused_and_not_repeated() {
    let (text, _) = token_and_near_misses("till_live");
    let token = Token::parse(text.as_bytes(), &[TokenPrefix::new("till_live").unwrap()]).unwrap();
    let kept_back = KeptBack::new(common::search::secret_of(&token));
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    let mut asks: Vec<_> = Vec::new();
    for value in [json!(text), json!(format!("my {text}")), json!([text]), json!({&text: text})] {
        for field in ["name", "scopes", "expires_at", "grace_seconds", "confirm", &text] {
            for mut ask in Ask::with_bodies(&id) {
                ask.body.as_mut().unwrap()[field] = value.clone();
                asks.push(ask);
            }
        }
    }
    asks.extend(["tokens/", "tokens?cursor=", "tokens?", ""].map(|path| Ask::get(&format!("{path}{text}"))));
    for ask in asks {
        let answer = host.ask(&ask).await;
        assert!((400..500).contains(&answer.status), "{ask:?}: {answer}");
        assert_eq!(kept_back.forms_in(answer.to_string().as_bytes()), [""; 0].into(), "{ask:?}: {answer}");
    }
    assert_eq!(host.rows().await, rows);
    // The control: what is looked for would be found.
    assert!(!kept_back.forms_in(json!({"detail": text}).to_string().as_bytes()).is_empty());
}
