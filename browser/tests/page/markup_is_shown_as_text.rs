//! What people and hosts write is shown as they wrote it, in every view: markup in names, scopes, descriptions and the
//! host's own name makes no element, text that runs from right to left disturbs nothing around it, and a long word
//! fits.

use personal_tokens::NewToken;
use personal_tokens_browser::{Browser, Host, Look, Person};
use serde_json::json;

const NAME: &str = "<img src=x onerror=alert(1)><b>bold</b>";
const SECOND: &str = "<b>2</b>";
const CREATOR: &str = "<i>ada</i>";
const SCOPE: &str = "<s>x</s>";
const DESCRIPTION: &str = "</script><script>alert(1)</script>";
const RIGHT_TO_LEFT: &str = "\u{5e9}\u{5dc}\u{5d5}\u{5dd} (1) <b>";
const PRODUCT: &str = "</title><u>The shop</u>\"'&amp;";

/// Texts that hold one of these, and stand in no element of their own that keeps their direction to itself.
const LOOSE: &str = "
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const loose = [];
    while (texts.nextNode()) {
        const { data, parentElement } = texts.currentNode;
        if (arguments[0].some(text => data.includes(text)) && !parentElement.closest('bdi')) loose.push(parentElement.outerHTML);
    }
    return loose";

/// Nothing that only markup could have made, and nothing that disturbs what stands beside it.
async fn has_no_markup(browser: &Browser, view: &str) {
    let made = "return document.querySelectorAll('img, b, s, u, body script, iframe').length";
    assert_eq!(browser.script(made, &[]).await, json!(0), "{view}");
    let texts = json!([NAME, RIGHT_TO_LEFT, SCOPE, DESCRIPTION, CREATOR, SECOND]);
    assert_eq!(browser.script(LOOSE, &[texts]).await, json!([]), "{view}");
    browser.look_at(&format!("markup, {view}")).await;
}

#[tokio::test]
async fn in_every_view() {
    let host = Host::plan()
        .tokens(|builder| builder.scopes([SCOPE]))
        .settings(|_| personal_tokens::management::Settings::new().product(PRODUCT).describe(SCOPE, DESCRIPTION))
        .start()
        .await;
    let long = "x".repeat(255);
    for name in [NAME, RIGHT_TO_LEFT, &long] {
        let new = NewToken::new(Host::owner(), name).scopes([SCOPE]).created_by(CREATOR);
        host.tokens.issue(new).await.unwrap();
    }
    // As narrow as WCAG wants a page to be without scrolling to the side.
    let browser = Browser::open(Look { width: 320, ..Look::NARROW }).await;
    browser.enter(&host, Person::Ada).await;
    browser.provoke("status of 409");
    browser.rows(3).await;
    for text in [NAME, SCOPE, CREATOR, PRODUCT, &long] {
        browser.sees(text).await;
    }
    assert_eq!(browser.script("return document.title", &[]).await, json!(format!("Personal tokens · {PRODUCT}")));
    has_no_markup(&browser, "list").await;

    browser.click("Generate personal token").await;
    browser.sees_in("#form-dialog", DESCRIPTION).await;
    has_no_markup(&browser, "generate").await;
    browser.fill("Name", NAME).await;
    browser.click("Save").await;
    browser.sees_in("#name-error", "taken").await;
    has_no_markup(&browser, "taken").await;
    browser.fill("Name", SECOND).await;
    browser.click("Save").await;
    browser.new_token().await;
    browser.sees_in("#secret-dialog", SECOND).await;
    has_no_markup(&browser, "new-token").await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;

    browser.click(&format!("Edit: {NAME}")).await;
    browser.sees_in("#form-title", NAME).await;
    has_no_markup(&browser, "edit").await;
    browser.choose(SCOPE).await;
    browser.click("Save").await;
    browser.sees_in("#status", NAME).await;
    has_no_markup(&browser, "status").await;
    browser.click(&format!("Revoke: {RIGHT_TO_LEFT}")).await;
    has_no_markup(&browser, "right to left").await;
    browser.click("Cancel").await;
    browser.click(&format!("Revoke: {NAME}")).await;
    browser.sees_in("#task-dialog", NAME).await;
    has_no_markup(&browser, "revoke").await;
    browser.click("Revoke token").await;
    browser.is_back().await;
    browser.click(&format!("Revoke: {long}")).await;
    has_no_markup(&browser, "revoke-long").await;
    browser.close().await;
}
