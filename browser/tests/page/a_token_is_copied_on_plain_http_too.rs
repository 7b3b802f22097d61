//! Where browsers offer no clipboard to scripts, on plain http, a click copies the token all the same; and where
//! nothing helps, the token is selected and the page says so.

use personal_tokens_browser::{Browser, Host, Look, Person};
use serde_json::json;

#[tokio::test]
async fn a_click_copies_without_the_clipboard_of_scripts() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.goto(host.plain_sign_in(Person::Ada)).await;
    browser.is_loaded().await;
    let trusted = browser.script("return [isSecureContext, typeof navigator.clipboard]", &[]).await;
    assert_eq!(trusted, json!([false, "undefined"]));

    browser.click("Generate personal token").await;
    browser.fill("Name", "Till").await;
    browser.click("Save").await;
    let token = browser.new_token().await;
    browser.script("document.execCommand = () => false", &[]).await;
    browser.click("Copy").await;
    browser.sees("copy it by hand").await;
    let selected = "const { value, selectionStart, selectionEnd } = document.activeElement;
        return value.slice(selectionStart, selectionEnd)";
    assert_eq!(browser.script(selected, &[]).await, json!(token));
    browser.look_at("copy-by-hand").await;

    browser.script("delete document.execCommand", &[]).await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;

    // Scripts may read the clipboard where the origin is trusted.
    browser.enter(&host, Person::Ada).await;
    let copied = browser.clipboard().await;
    assert_eq!(copied, token);
    assert_eq!(host.whoami(copied).await, Ok("Till".to_owned()));
    browser.close().await;
}
