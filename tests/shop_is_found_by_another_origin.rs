//! By plain http from another machine browsers name the page by `Origin` alone: `SHOP_ORIGIN` says which one is the shop's own.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;
#[path = "common/shop_visitor.rs"]
mod shop_visitor;

use shop_process::{Answer, Shop};
use shop_visitor::{SETUP, Visitor};

#[test]
fn the_origin_that_is_set_may_write_and_no_other() {
    let shop = Shop::start_with(&[("SHOP_ORIGIN", "http://shop.lan:3000".as_ref())]);
    let owner = Visitor::signed_in(&shop, "owner");
    let save = |origin: &str| {
        let mut curl = owner.curl("POST", &format!("{SETUP}/tokens"));
        curl.args(["-H", "Content-Type: application/json", "-d", r#"{"name": "new"}"#]);
        Answer::of(curl.args(["-H", &format!("Origin: {origin}")])).status
    };
    for other in ["http://shop.lan", "http://evil.lan:3000", "null", &format!("http://{}", shop.addr)] {
        assert_eq!(save(other), 403, "{other}");
    }
    assert_eq!(save("http://shop.lan:3000"), 201);
}

#[test]
fn what_is_no_origin_keeps_the_shop_from_starting() {
    let mut shop = Shop::command_line("127.0.0.1:0");
    let output = shop.env("SHOP_ORIGIN", "shop.lan").stdin(std::process::Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(r#""shop.lan" is no origin as a browser writes it: https://shop.example"#), "{said}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("shop_"), "a token was made for nothing: {said}");
}
