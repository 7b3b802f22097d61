//! A token stands in its field while that is open and nowhere else; once the dialog is closed, or the page is left, reloaded or
//! gone back to, it is nowhere.

use personal_tokens_browser::{Browser, Host, Look, Person};
use serde_json::json;

/// Everywhere in the page, and where it could keep something, but for the field of the token.
const EVERYWHERE: &str = "
    const fields = [...document.querySelectorAll('input, textarea')].filter(field => field.id !== 'new-token');
    return [document.documentElement.outerHTML, ...fields.map(field => field.value), document.title, location.href,
        document.cookie, name, JSON.stringify([history.state, localStorage, sessionStorage])].join()";
const IN_ITS_FIELD: &str =
    "const field = document.querySelector('#new-token'); return field.value + field.defaultValue";

async fn generate(browser: &Browser, name: &str) -> String {
    browser.click("Generate personal token").await;
    browser.fill("Name", name).await;
    browser.click("Save").await;
    let token = browser.new_token().await;
    is_nowhere_else(browser, &token).await;
    token
}

async fn is_nowhere_else(browser: &Browser, token: &str) {
    let everywhere = browser.script(EVERYWHERE, &[]).await;
    assert!(!everywhere.as_str().unwrap().contains(&token["shop_".len() + 16..]), "{everywhere}");
}

async fn is_gone(browser: &Browser, token: &str) {
    is_nowhere_else(browser, token).await;
    assert_eq!(browser.script(IN_ITS_FIELD, &[]).await, json!(""));
}

#[tokio::test]
async fn it_is_gone_once_the_page_is_left() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;

    let token = generate(&browser, "closed").await;
    browser.click("Done").await;
    browser.click("Close without copying").await;
    browser.is_back().await;
    is_gone(&browser, &token).await;

    let token = generate(&browser, "copied and closed").await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;
    is_gone(&browser, &token).await;

    let token = generate(&browser, "reloaded").await;
    browser.reload().await;
    browser.is_loaded().await;
    is_gone(&browser, &token).await;

    let token = generate(&browser, "left and gone back to").await;
    browser.goto(host.url("/api/whoami")).await;
    browser.back().await;
    browser.is_loaded().await;
    browser.rows(4).await;
    is_gone(&browser, &token).await;

    // A browser that keeps the whole page for going back tells it so.
    let token = generate(&browser, "kept by the browser").await;
    browser.script("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))", &[]).await;
    is_gone(&browser, &token).await;
    browser.close().await;
}
