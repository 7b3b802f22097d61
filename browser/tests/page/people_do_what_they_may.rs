//! The page offers a person what they may do, and what it does not offer is refused all the same, with nothing changed.

use personal_tokens::{Duration, NewToken};
use personal_tokens_browser::{Browser, Host, Look, Person, READ, WRITE};
use serde_json::{Value, json};

#[tokio::test]
async fn a_clerk_who_may_only_read_gets_no_token_that_writes() {
    let host = Host::start().await;
    let (admin, reader) = (host.issue("Admin", &[READ, WRITE]).await, host.issue("Reader", &[READ]).await);
    let brief = NewToken::new(Host::owner(), "Brief").scopes([WRITE]).expires_in(Duration::DAY);
    host.tokens.issue(brief).await.unwrap();
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Clerk).await;
    browser.provoke("status of 403");
    browser.rows(3).await;
    assert!(browser.offers("Rotate: Reader").await);
    assert!(!browser.offers("Rotate: Admin").await);
    browser.look_at("clerk").await;

    let before = host.store.rows(&[Host::owner()]).await;
    let [admin, reader] = [admin.record.id, reader.record.id].map(|id| format!("tokens/{id}"));
    for (method, path, body) in [
        ("POST", &*format!("{admin}/rotate"), json!({ "grace_seconds": 3600 })),
        ("POST", "tokens", json!({ "name": "Mine", "scopes": [WRITE] })),
        ("PATCH", &*reader, json!({ "scopes": [READ, WRITE] })),
    ] {
        let (status, answer) = browser.fetch(method, path, body).await;
        assert_eq!(
            (status, &answer["type"]),
            (403, &json!("urn:personal-tokens:problem:not-grantable")),
            "{method} {path}"
        );
        assert_eq!((&answer["field"], &answer["scope"]), (&json!("scopes"), &json!(WRITE)), "{method} {path}");
    }
    assert_eq!(host.store.rows(&[Host::owner()]).await, before);

    // Whoever could prolong a token could keep what they may not grant.
    browser.click("Edit: Brief").await;
    browser.choose("90 days").await;
    browser.click("Save").await;
    browser.sees_in("#expiry-error", WRITE).await;
    browser.look_at("clerk, not prolonged").await;
    browser.click("Cancel").await;
    assert_eq!(host.store.rows(&[Host::owner()]).await, before);

    browser.click("Generate personal token").await;
    let disabled = "return [...document.querySelectorAll('#scope-choices input')].map(box => box.disabled)";
    assert_eq!(browser.script(disabled, &[]).await, json!([false, true]));
    browser.sees("You may not grant this").await;
    browser.look_at("clerk-generate").await;
    browser.fill("Name", "Mine").await;
    browser.choose(READ).await;
    browser.click("Save").await;
    let token = browser.new_token().await;
    assert_eq!(host.whoami(token).await, Ok("Mine".to_owned()));
    browser.close().await;
}

#[tokio::test]
async fn an_auditor_sees_and_changes_nothing() {
    let host = Host::start().await;
    let id = host.issue("Admin", &[READ, WRITE]).await.record.id;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Auditor).await;
    browser.provoke("status of 403");
    browser.rows(1).await;
    for name in ["Generate personal token", "Edit: Admin", "Rotate: Admin", "Revoke: Admin", "Revoke all tokens…"] {
        assert!(!browser.offers(name).await, "{name}");
    }
    browser.look_at("auditor").await;

    let before = host.store.rows(&[Host::owner()]).await;
    for (method, path, body, right) in [
        ("POST", "tokens".to_owned(), json!({ "name": "Mine" }), "issue"),
        ("PATCH", format!("tokens/{id}"), json!({ "name": "Mine" }), "edit"),
        ("DELETE", format!("tokens/{id}"), Value::Null, "revoke"),
        ("POST", "tokens/revoke-all".to_owned(), json!({ "confirm": "all" }), "revoke"),
    ] {
        let (status, answer) = browser.fetch(method, &path, body).await;
        assert_eq!((status, &answer["right"]), (403, &json!(right)), "{method} {path}");
    }
    assert_eq!(host.store.rows(&[Host::owner()]).await, before);
    browser.close().await;
}

#[tokio::test]
async fn who_may_not_see_the_list_is_told_so_and_can_generate() {
    let host = Host::start().await;
    host.issue("Admin", &[READ, WRITE]).await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Maker).await;
    browser.provoke("status of 403");
    browser.sees("You may not see the list").await;
    assert_eq!(browser.fetch("GET", "tokens", Value::Null).await.0, 403);
    browser.look_at("maker").await;
    browser.click("Generate personal token").await;
    browser.fill("Name", "Mine").await;
    browser.click("Save").await;
    let token = browser.new_token().await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;
    browser.rows(0).await;
    assert_eq!(host.whoami(token).await, Ok("Mine".to_owned()));
    browser.close().await;
}

#[tokio::test]
async fn a_stranger_reaches_nothing_of_this_shop() {
    let host = Host::start().await;
    let id = host.issue("Admin", &[READ, WRITE]).await.record.id;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Stranger).await;
    browser.provoke("status of 404");
    browser.sees("There is no active token").await;
    let before = host.store.rows(&[Host::owner()]).await;
    for (method, path, body) in [
        ("GET", format!("tokens/{id}"), Value::Null),
        ("PATCH", format!("tokens/{id}"), json!({ "name": "Mine" })),
        ("POST", format!("tokens/{id}/rotate"), json!({})),
        ("DELETE", format!("tokens/{id}"), Value::Null),
    ] {
        assert_eq!(browser.fetch(method, &path, body).await.0, 404, "{method} {path}");
    }
    assert_eq!(browser.fetch("POST", "tokens/revoke-all", json!({ "confirm": "all" })).await.1["revoked"], 0);
    assert_eq!(host.store.rows(&[Host::owner()]).await, before);
    browser.close().await;
}
