//! The shop as a person finds it: they sign in, generate a token, copy it, and it opens the shop's API; rotated,
//! revoked, it is refused at the next request. Another shop's people see none of it.

use std::ffi::OsStr;

use personal_tokens_browser::{Browser, Key, Look};

use crate::shop_process::Shop;

const SETUP: &str = "/setup/personal-tokens";
const PASSWORD: &str = "a cup of tea";

fn open(environment: &[(&str, &str)]) -> Shop {
    let password = [("SHOP_PASSWORD", PASSWORD)];
    let environment: Vec<(&str, &OsStr)> =
        password.iter().chain(environment).map(|(name, value)| (*name, value.as_ref())).collect();
    Shop::start_with(&environment)
}

fn url(shop: &Shop, path: &str) -> String {
    format!("http://{}{path}", shop.addr)
}

/// At the page that wants it; leads back to the one that was asked for.
async fn sign_in(browser: &Browser, user: &str) {
    browser.fill("User", user).await;
    browser.fill("Password", PASSWORD).await;
    browser.look_at("shop-sign-in").await;
    browser.press(Key::Enter + "").await;
}

async fn copied(browser: &Browser) -> String {
    let token = browser.new_token().await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    assert_eq!(browser.clipboard().await, token);
    browser.click("Done").await;
    browser.is_back().await;
    token
}

#[tokio::test]
async fn a_token_from_its_first_to_its_last_day() {
    let shop = open(&[]);
    let status = |token: &str| shop.get("/api/products", token).status;
    let browser = Browser::open(Look::WIDE).await;
    browser.goto(url(&shop, "/")).await;
    browser.look_at("shop-home").await;
    browser.goto(url(&shop, "/sell")).await;
    sign_in(&browser, "owner").await;
    browser.sees_in("h1", "Sell").await;
    browser.look_at("shop-sell").await;
    browser.goto(url(&shop, SETUP)).await;
    browser.is_loaded().await;
    assert!(browser.rows(1).await[0].contains("First script"));

    browser.click("Generate personal token").await;
    browser.fill("Name", "Shopify sync").await;
    browser.choose("products:read").await;
    browser.choose("30 days").await;
    browser.click("Save").await;
    browser.sees_in("#secret-warning", "See the products of the shop").await;
    let first = copied(&browser).await;
    assert_eq!(status(&first), 200);
    browser.look_at("shop-tokens").await;

    browser.click("Rotate: Shopify sync").await;
    browser.choose("1 hour").await;
    browser.click("Rotate").await;
    let second = copied(&browser).await;
    assert_eq!((status(&first), status(&second)), (200, 200));
    browser.click("End grace now: Shopify sync").await;
    browser.click("End grace now").await;
    browser.is_back().await;
    assert_eq!((status(&first), status(&second)), (401, 200));

    browser.click("Revoke: Shopify sync").await;
    browser.click("Revoke token").await;
    browser.is_back().await;
    assert_eq!(status(&second), 401);
    assert_eq!(status(&shop.first_token()), 200);
    browser.close().await;
}

#[tokio::test]
async fn each_sees_what_is_theirs_and_nobody_who_signed_out_anything() {
    let shop = open(&[]);
    let browser = Browser::open(Look::WIDE).await;
    browser.goto(url(&shop, SETUP)).await;
    sign_in(&browser, "other").await;
    browser.is_loaded().await;
    browser.sees("There is no active token").await;

    browser.goto(url(&shop, "/sign-in?next=/setup/personal-tokens")).await;
    sign_in(&browser, "clerk").await;
    browser.is_loaded().await;
    browser.rows(1).await;
    for (name, offered) in
        [("Edit: First script", true), ("Rotate: First script", false), ("Revoke: First script", false)]
    {
        assert_eq!(browser.offers(name).await, offered, "{name}");
    }
    browser.look_at("shop-clerk").await;

    // In another tab, say.
    browser.provoke("status of 401");
    let sign_out = "return (await fetch('/sign-out', { method: 'POST', redirect: 'manual' })).type";
    browser.script(sign_out, &[]).await;
    browser.open_tab("Ended").await;
    browser.sees_in("#list-problem", "Your session is over").await;
    browser.click("Reload").await;
    browser
        .until("the sign-in", async || if browser.asks_for("Password").await { Ok(()) } else { Err(String::new()) })
        .await;
    browser.close().await;
}

#[tokio::test]
async fn a_token_wants_the_password_anew_once_some_time_has_passed() {
    let shop = open(&[("SHOP_CONFIRM", "0s")]);
    let browser = Browser::open(Look::WIDE).await;
    browser.goto(url(&shop, SETUP)).await;
    sign_in(&browser, "owner").await;
    browser.is_loaded().await;
    browser.click("Generate personal token").await;
    browser.fill("Name", "Shopify sync").await;
    browser.provoke("status of 403");
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "Confirm that it is you").await;
    let link = "return document.querySelector('#form-dialog [role=alert] a').href";
    let link = browser.script(link, &[]).await.as_str().unwrap().to_owned();
    browser.goto(link).await;
    browser.sees("type your password again").await;
    browser.look_at("shop-password-again").await;
    browser.close().await;
}
