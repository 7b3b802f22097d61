//! The page finds its API from its own address: with and without a slash at the end, at a host's root, and behind
//! proxies that take a part of the path away or put another in its place.

use personal_tokens_browser::{Browser, Host, Look, Person, Proxy};

/// Generates a token of this name, and revokes it.
async fn works(browser: &Browser, url: String, name: &str) {
    browser.goto(&*url).await;
    browser.is_loaded().await;
    browser.click("Generate personal token").await;
    browser.fill("Name", name).await;
    browser.click("Save").await;
    browser.new_token().await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;
    browser.click(&format!("Revoke: {name}")).await;
    browser.click("Revoke token").await;
    browser.is_back().await;
    browser.rows(0).await;
    // And once more with the tab in the address.
    browser.goto(format!("{url}#ended")).await;
    browser.reload().await;
    browser.is_loaded().await;
    browser.sees(name).await;
}

#[tokio::test]
async fn with_and_without_a_slash_and_behind_proxies() {
    let browser = Browser::open(Look::WIDE).await;
    let (nested, root) = (Host::start().await, Host::plan().mount("").start().await);
    for host in [&nested, &root] {
        let swaps = Proxy::start("/admin/tokens", host.page()).await;
        // A cookie is for all ports of an address.
        browser.enter(host, Person::Ada).await;
        works(&browser, host.page(), "plain").await;
        works(&browser, format!("{}/", host.page()), "with a slash").await;
        works(&browser, swaps.url("/admin/tokens"), "by a proxy").await;
        works(&browser, swaps.url("/admin/tokens/"), "by a proxy, with a slash").await;
        assert_eq!(host.records().await.len(), 4);
    }
    browser.close().await;
}
