//! A token stands in its field while that is open and nowhere else; once the dialog is closed, or the page is left,
//! reloaded or gone back to, it is nowhere.

use personal_tokens_browser::{Browser, Host, Key, Look, Person};
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

    // Going back. Chromium keeps no page that is not to be stored, and so begins anew.
    let token = generate(&browser, "left and gone back to").await;
    browser.script("globalThis.kept = true", &[]).await;
    browser.provoke("status of 401");
    browser.goto(host.url("/api/whoami")).await;
    browser.back().await;
    browser.is_loaded().await;
    browser.rows(4).await;
    assert_eq!(browser.script("return 'kept' in globalThis", &[]).await, json!(false));
    is_gone(&browser, &token).await;

    // A browser that keeps it says so when the page is left, and when it is shown again.
    let token = generate(&browser, "kept by the browser").await;
    let event = "dispatchEvent(new PageTransitionEvent(arguments[0], { persisted: true }))";
    browser.script(event, &[json!("pagehide")]).await;
    is_gone(&browser, &token).await;
    host.issue("made meanwhile", &[]).await;
    browser.script(event, &[json!("pageshow")]).await;
    browser.rows(6).await;
    is_gone(&browser, &token).await;
    browser.close().await;
}

#[tokio::test]
async fn it_is_not_gone_by_mistake() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    let token = generate(&browser, "Till").await;
    browser.double_click("Done").await;
    browser.sees("You have not copied the token").await;
    browser.click("Done").await;
    browser.has_focus("Close without copying").await;
    assert_eq!(browser.new_token().await, token);
    browser.look_at("not copied").await;

    // A browser asks whoever would leave the page, if the page wants that.
    let asks = "const leaving = new Event('beforeunload', { cancelable: true });
        dispatchEvent(leaving);
        return leaving.defaultPrevented";
    assert_eq!(browser.script(asks, &[]).await, json!(true));
    browser.click("Copy").await;
    browser.sees("Copied").await;
    assert_eq!(browser.script(asks, &[]).await, json!(false));
    browser.click("Done").await;
    browser.is_back().await;
    assert_eq!(browser.script(asks, &[]).await, json!(false));
    browser.close().await;
}

#[tokio::test]
async fn a_key_that_is_held_neither_copies_nor_closes() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.click("Generate personal token").await;
    browser.fill("Name", "Till").await;
    browser.enter_down(false).await;
    for _ in 0..5 {
        browser.enter_down(true).await;
    }
    let token = browser.new_token().await;
    for _ in 0..20 {
        browser.enter_down(true).await;
    }
    browser.enter_up().await;
    assert_eq!(browser.new_token().await, token);
    browser.sees_in("#secret-status", "Token created").await;
    assert_ne!(browser.clipboard().await, token);
    assert_eq!(host.records().await.len(), 1);
    // Pressed anew it copies.
    browser.press(Key::Enter + "").await;
    browser.sees("Copied").await;
    assert_eq!(browser.clipboard().await, token);
    browser.close().await;
}
