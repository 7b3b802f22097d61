//! A secret is shown only to who has typed the password lately, and nothing is made before.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;
#[path = "common/shop_visitor.rs"]
mod shop_visitor;

use serde_json::json;
use shop_process::{Answer, Shop};
use shop_visitor::{SETUP, Visitor};

#[test]
fn without_a_fresh_password_nothing_is_issued_or_rotated() {
    // No password is fresh enough for this one.
    let shop = Shop::start_with(&[("SHOP_CONFIRM", "0s".as_ref())]);
    let owner = Visitor::signed_in(&shop, "owner");
    let ids = owner.tokens();
    let at = format!("/sign-in?next={SETUP}&again");
    for (path, body) in
        [("tokens".to_owned(), json!({ "name": "new" })), (format!("tokens/{}/rotate", ids[0]), json!({}))]
    {
        let answer = owner.call("POST", &path, Some(&body));
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
        assert_eq!(answer.json()["type"], "urn:personal-tokens:problem:confirmation-required");
        assert_eq!(answer.json()["confirm_at"], at.as_str());
    }
    assert_eq!(owner.tokens(), ids);
    assert_eq!(shop.get("/api/products", &shop.first_token()).status, 200);

    // What shows no secret goes on.
    let renamed = owner.call("PATCH", &format!("tokens/{}", ids[0]), Some(&json!({ "name": "renamed" })));
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    assert_eq!(owner.call("DELETE", &format!("tokens/{}", ids[0]), None).status, 200);
}

#[test]
fn the_form_for_it_knows_who_asks_and_leads_back() {
    let shop = Shop::start();
    let clerk = Visitor::signed_in(&shop, "clerk");
    let form = clerk.get(&format!("/sign-in?next={SETUP}&again"));
    assert_eq!(form.status, 200);
    for part in ["type your password again", "name=user value=\"clerk\"", &format!("name=next value=\"{SETUP}\"")] {
        assert!(form.body.contains(part), "{part}: {}", form.body);
    }
    let form = [("user", "clerk"), ("password", &*shop.password()), ("next", SETUP)];
    assert_eq!(clerk.send("/sign-in", &form).header("location"), [SETUP]);
    let made: Answer = clerk.call("POST", "tokens", Some(&json!({ "name": "new", "scopes": ["products:read"] })));
    assert_eq!(made.status, 201, "{}", made.body);
}
