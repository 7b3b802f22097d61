//! A session opens the shop's screens and no API; a token opens the API and no screen. Sent together, neither lends the
//! other its rights.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;
#[path = "common/shop_visitor.rs"]
mod shop_visitor;

use serde_json::{Value, json};
use shop_process::{Answer, Shop};
use shop_visitor::{OWN_PAGE, SETUP, Visitor};

#[test]
fn a_session_does_not_open_the_api() {
    let shop = Shop::start();
    let owner = Visitor::signed_in(&shop, "owner");
    for (method, path) in [("GET", "/api/products"), ("POST", "/api/products"), ("GET", "/api/whoami")] {
        let mut curl = owner.curl(method, path);
        let answer =
            Answer::of(curl.args(["-H", OWN_PAGE, "-H", "Content-Type: application/json", "-d", "{\"name\":\"Tea\"}"]));
        assert_eq!((answer.status, &*answer.body), (401, ""), "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), [r#"Bearer realm="The shop's API""#]);
    }
    assert_eq!(shop.get("/api/products", &shop.first_token()).json(), json!({ "products": [] }));
}

#[test]
fn the_sell_screen_opens_to_a_session_alone() {
    let shop = Shop::start();
    let token = shop.first_token();
    let owner = Visitor::signed_in(&shop, "owner");
    assert_eq!(owner.get("/sell").status, 200);
    let stranger = Visitor::of(&shop);
    for method in ["GET", "POST"] {
        let refused = stranger.get("/sell");
        assert_eq!((refused.status, refused.header("location")), (303, vec!["/sign-in?next=/sell".to_owned()]));
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let bearer = format!("Authorization: {scheme} {token}");
            assert_eq!(shop.request(method, "/sell", &[bearer.clone(), OWN_PAGE.to_owned()]).status, 403);
            // Not even with a session beside it.
            let mut both = owner.curl(method, "/sell");
            assert_eq!(Answer::of(both.args(["-H", &bearer, "-H", OWN_PAGE])).status, 403);
        }
    }
}

#[test]
fn a_token_opens_no_route_of_the_setup_and_changes_nothing_there() {
    let mut shop = Shop::start();
    let before = shop.command("list");
    let token = shop.first_token();
    let owner = Visitor::signed_in(&shop, "owner");
    let id = &owner.tokens()[0];
    let new = Some(json!({ "name": "made by a script" }));
    let routes: [(&str, String, Option<Value>); 13] = [
        ("GET", String::new(), None),
        ("GET", "/".into(), None),
        ("GET", "/tokens".into(), None),
        ("POST", "/tokens".into(), new.clone()),
        ("GET", format!("/tokens/{id}"), None),
        ("PATCH", format!("/tokens/{id}"), new),
        ("DELETE", format!("/tokens/{id}"), None),
        ("POST", format!("/tokens/{id}/rotate"), Some(json!({}))),
        ("POST", "/tokens/revoke-all".into(), Some(json!({ "confirm": "all" }))),
        ("GET", "/scopes".into(), None),
        ("GET", "/policy".into(), None),
        ("GET", "/openapi.json".into(), None),
        ("GET", "/nowhere".into(), None),
    ];
    for (method, path, body) in routes {
        for (who, status) in [(&Visitor::of(&shop), 401), (&owner, 403)] {
            let mut curl = who.curl(method, &format!("{SETUP}{path}"));
            curl.args(["-H", OWN_PAGE, "-H", &format!("Authorization: Bearer {token}")]);
            if let Some(body) = &body {
                curl.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
            }
            let answer = Answer::of(&mut curl);
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
            assert!(!answer.body.contains(id.as_str()), "{method} {path}: {}", answer.body);
        }
    }
    // Nor was it noted as a use.
    assert_eq!(shop.command("list"), before);
    assert_eq!(shop.get("/api/products", &token).status, 200);
}

#[test]
fn without_a_session_the_page_leads_to_the_sign_in_and_its_api_answers_401() {
    let shop = Shop::start();
    let stranger = Visitor::of(&shop);
    for page in [SETUP.to_owned(), format!("{SETUP}/")] {
        let answer = stranger.get(&page);
        assert_eq!((answer.status, answer.header("location")), (303, vec![format!("/sign-in?next={SETUP}")]));
    }
    for (method, path) in [("GET", "tokens"), ("GET", "scopes"), ("GET", "openapi.json"), ("POST", "tokens/revoke-all")]
    {
        let answer = stranger.call(method, path, (method == "POST").then_some(&json!({ "confirm": "all" })));
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(answer.json()["sign_in"], format!("/sign-in?next={SETUP}"));
    }

    // And back, where the page is.
    let form = [("user", "owner"), ("password", &*shop.password()), ("next", SETUP)];
    assert_eq!(stranger.send("/sign-in", &form).header("location"), [SETUP]);
    for page in [SETUP.to_owned(), format!("{SETUP}/")] {
        let answer = stranger.get(&page);
        assert_eq!((answer.status, answer.header("content-type")), (200, vec!["text/html; charset=utf-8".to_owned()]));
        assert!(answer.body.contains("The shop"), "{}", answer.body);
    }
}
