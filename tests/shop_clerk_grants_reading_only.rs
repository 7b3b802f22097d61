//! The clerk may see, make and change tokens that read products, and nothing that takes more than that.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;
#[path = "common/shop_visitor.rs"]
mod shop_visitor;

use serde_json::{Value, json};
use shop_process::Shop;
use shop_visitor::Visitor;

#[test]
fn what_takes_more_than_reading_is_refused_and_changes_nothing() {
    let shop = Shop::start();
    let (owner, clerk) = (Visitor::signed_in(&shop, "owner"), Visitor::signed_in(&shop, "clerk"));
    let own = clerk.call("POST", "tokens", Some(&json!({ "name": "Price list", "scopes": ["products:read"] })));
    assert_eq!(own.status, 201, "{}", own.body);
    let own = own.json()["record"]["id"].as_str().unwrap().to_owned();
    let before = owner.call("GET", "tokens?state=all", None).json();
    // They see the same tokens, newest first: the clerk's, and the one of the greeting, which writes too.
    let ids = owner.tokens();
    assert_eq!((ids.len(), &ids[0]), (2, &own));
    assert_eq!(clerk.tokens(), ids);
    let strong = &ids[1];

    let both = json!(["products:read", "products:write"]);
    let refused: [(&str, String, Option<Value>, &str); 8] = [
        ("POST", format!("tokens/{strong}/rotate"), Some(json!({ "grace_seconds": 60 })), "not-grantable"),
        ("PATCH", format!("tokens/{own}"), Some(json!({ "scopes": both })), "not-grantable"),
        ("POST", "tokens".into(), Some(json!({ "name": "x", "scopes": both })), "not-grantable"),
        ("POST", "tokens".into(), Some(json!({ "name": "x", "scopes": ["products:write"] })), "not-grantable"),
        ("DELETE", format!("tokens/{own}"), None, "missing-right"),
        ("DELETE", format!("tokens/{strong}"), None, "missing-right"),
        ("POST", "tokens/revoke-all".into(), Some(json!({ "confirm": "all" })), "missing-right"),
        (
            "PATCH",
            format!("tokens/{strong}"),
            Some(json!({ "scopes": ["products:read", "products:write", "x"] })),
            "unknown-scope",
        ),
    ];
    for (method, path, body, why) in refused {
        let answer = clerk.call(method, &path, body.as_ref());
        let status = if why == "unknown-scope" { 422 } else { 403 };
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.json()["type"], format!("urn:personal-tokens:problem:{why}"), "{method} {path}");
    }
    assert_eq!(owner.call("GET", "tokens?state=all", None).json()["tokens"], before["tokens"]);
    assert_eq!(shop.get("/api/products", &shop.first_token()).status, 200);
}

#[test]
fn what_reads_is_made_changed_and_rotated_in_the_clerks_name() {
    let shop = Shop::start();
    let clerk = Visitor::signed_in(&shop, "clerk");
    let made = clerk.call("POST", "tokens", Some(&json!({ "name": "Price list", "scopes": ["products:read"] }))).json();
    assert_eq!(made["record"]["created_by"], "clerk");
    assert_eq!(made["record"]["actions"], json!(["edit", "rotate"]));
    let token = made["token"].as_str().unwrap();
    assert_eq!(shop.get("/api/products", token).status, 200);

    let id = made["record"]["id"].as_str().unwrap();
    let renamed = clerk.call("PATCH", &format!("tokens/{id}"), Some(&json!({ "name": "Prices" }))).json();
    assert_eq!(renamed["name"], "Prices");
    let rotated = clerk.call("POST", &format!("tokens/{id}/rotate"), Some(&json!({}))).json();
    assert_eq!(shop.get("/api/products", rotated["token"].as_str().unwrap()).status, 200);
    assert_eq!(shop.get("/api/products", token).status, 401);
}
