//! The two shops share nothing: neither tokens nor products, whatever id is asked for.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;
#[path = "common/shop_visitor.rs"]
mod shop_visitor;

use serde_json::json;
use shop_process::{Answer, Shop};
use shop_visitor::Visitor;

#[test]
fn the_other_owner_sees_and_changes_none_of_the_owners_tokens() {
    let shop = Shop::start();
    let (owner, other) = (Visitor::signed_in(&shop, "owner"), Visitor::signed_in(&shop, "other"));
    let ids = owner.tokens();
    assert_eq!((ids.len(), other.tokens().len()), (1, 0));

    let (rename, rotate) = (json!({ "name": "mine now" }), json!({ "grace_seconds": 0 }));
    let before = owner.call("GET", &format!("tokens/{}", ids[0]), None).json();
    for (method, path, body) in [
        ("GET", format!("tokens/{}", ids[0]), None),
        ("PATCH", format!("tokens/{}", ids[0]), Some(&rename)),
        ("POST", format!("tokens/{}/rotate", ids[0]), Some(&rotate)),
        ("DELETE", format!("tokens/{}", ids[0]), None),
    ] {
        // As of a token that is nowhere.
        let nowhere = path.replace(&ids[0], "AAAAAAAAAAAAAAAA");
        let (foreign, unknown) = (other.call(method, &path, body), other.call(method, &nowhere, body));
        assert_eq!((foreign.status, unknown.status), (404, 404), "{method} {path}");
        assert_eq!(foreign.body, unknown.body);
    }
    let all = other.call("POST", "tokens/revoke-all", Some(&json!({ "confirm": "all" })));
    assert_eq!(all.json(), json!({ "revoked": 0 }));
    assert_eq!(owner.call("GET", &format!("tokens/{}", ids[0]), None).json(), before);
    assert_eq!(shop.get("/api/products", &shop.first_token()).status, 200);
}

#[test]
fn each_shop_has_its_own_names_and_its_own_products() {
    let shop = Shop::start();
    let mut tokens = Vec::new();
    for (user, product) in [("owner", "Tea"), ("other", "<b>Coffee</b>")] {
        let visitor = Visitor::signed_in(&shop, user);
        let new = json!({ "name": "Shopify sync", "scopes": ["products:read", "products:write"] });
        let issued = visitor.call("POST", "tokens", Some(&new));
        assert_eq!(issued.status, 201, "{}", issued.body);
        let token = issued.json()["token"].as_str().unwrap().to_owned();
        for status in [201, 200] {
            let mut curl = shop.curl("POST", "/api/products");
            curl.args(["-H", "Content-Type: application/json", "-H", &format!("Authorization: Bearer {token}")]);
            let added = Answer::of(curl.args(["-d", &json!({ "name": product }).to_string()]));
            assert_eq!((added.status, added.json()), (status, json!({ "name": product })));
        }
        tokens.push(token);
    }
    assert_eq!(shop.get("/api/products", &tokens[0]).json(), json!({ "products": ["Tea"] }));
    assert_eq!(shop.get("/api/products", &tokens[1]).json(), json!({ "products": ["<b>Coffee</b>"] }));
    assert_eq!(shop.get("/api/whoami", &tokens[1]).json()["owner"], "store-43");

    let (owner, other) = (Visitor::signed_in(&shop, "owner"), Visitor::signed_in(&shop, "other"));
    assert_eq!(owner.send("/sell", &[("product", "<b>Coffee</b>")]).status, 404);
    for sold in ["1 sold", "2 sold"] {
        assert_eq!(other.send("/sell", &[("product", "<b>Coffee</b>")]).header("location"), ["/sell"]);
        let till = other.get("/sell").body;
        assert!(till.contains("&lt;b&gt;Coffee&lt;/b&gt;") && till.contains(sold), "{till}");
        assert!(!till.contains("<b>Coffee") && !till.contains("Tea"), "{till}");
    }
    let till = owner.get("/sell").body;
    assert!(till.contains("Tea") && till.contains("0 sold") && !till.contains("Coffee"), "{till}");
}
