//! What the page or the server refuses is said at the field at fault, which has the focus then; nothing that was typed
//! is lost, and no token is made.

use personal_tokens::{Duration, NewToken};
use personal_tokens_browser::{Browser, Host, Look, Person, READ};
use serde_json::json;

/// Whether the control of this id has the focus, is said to be invalid, and is described by that element.
async fn is_at_fault(browser: &Browser, control: &str, description: &str) {
    let facts = "
        const control = document.getElementById(arguments[0]);
        const described = control.getAttribute('aria-describedby').split(' ').includes(arguments[1]);
        return [document.activeElement === control, control.getAttribute('aria-invalid'), described];
    ";
    let facts = browser.script(facts, &[json!(control), json!(description)]).await;
    assert_eq!(facts, json!([true, "true", true]), "{control}");
}

#[tokio::test]
async fn a_taken_name_says_who_holds_it() {
    let host = Host::start().await;
    let active = host.issue("Shopify sync", &[READ]).await.record.id;
    let short = NewToken::new(Host::owner(), "Old import").expires_in(Duration::HOUR);
    let expired = host.tokens.issue(short).await.unwrap().record.id;
    host.clock.advance(Duration::HOUR);
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.provoke("status of 409");
    browser.rows(1).await;

    for (name, state, id, tab) in
        [("Shopify sync", "active", active, "Active"), ("Old import", "expired", expired, "Ended")]
    {
        browser.click("Generate personal token").await;
        browser.fill("Name", name).await;
        browser.choose(READ).await;
        browser.choose("30 days").await;
        browser.click("Save").await;
        browser.sees_in("#name-error", "taken").await;
        let said = browser.text_of("#name-error").await;
        assert!(said.contains(state) && said.contains(&id.to_string()[..8]), "{said}");
        is_at_fault(&browser, "name", "name-error").await;
        browser.look_at("name-taken").await;
        let kept = "return [document.querySelector('#name').value,
            ...[...document.querySelectorAll('#form-dialog input:checked')].map(input => input.value)]";
        assert_eq!(browser.script(kept, &[]).await, json!([name, READ, "30"]));

        browser.click("Show that token").await;
        browser.is_back().await;
        let focused = "return document.activeElement.dataset.tokenId ?? null";
        browser
            .until("the focus on that token", async || match browser.script(focused, &[]).await {
                focused if focused == json!(id.to_string()) => Ok(()),
                focused => Err(focused.to_string()),
            })
            .await;
        browser.sees_in("[aria-current]", tab).await;
    }
    assert_eq!(host.records().await.len(), 2);

    // And with another name it goes on.
    browser.click("Generate personal token").await;
    browser.fill("Name", "Shopify sync").await;
    browser.click("Save").await;
    browser.sees_in("#name-error", "taken").await;
    browser.fill("Name", "Shopify sync 2").await;
    browser.click("Save").await;
    browser.new_token().await;
    assert_eq!(host.records().await[0].name.as_str(), "Shopify sync 2");
    browser.close().await;
}

#[tokio::test]
async fn names_and_days_that_will_not_do() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.provoke("status of 422");
    browser.click("Generate personal token").await;
    for name in [String::new(), "   ".to_owned(), "pay\u{202e}lla".to_owned(), "x".repeat(256)] {
        browser.fill("Name", &name).await;
        browser.click("Save").await;
        browser
            .until("what is wrong", async || match browser.text_of("#name-error").await {
                said if said.trim().is_empty() => Err(name.clone()),
                _ => Ok(()),
            })
            .await;
        is_at_fault(&browser, "name", "name-error").await;
    }
    browser.look_at("name-wrong").await;

    browser.fill("Name", "Import").await;
    browser.choose("On a date").await;
    for day in ["", "2026-11-01", "9999-12-31"] {
        browser.pick_day("Last day", day).await;
        browser.click("Save").await;
        browser
            .until("what is wrong", async || match browser.text_of("#expiry-error").await {
                said if said.trim().is_empty() => Err(day.to_owned()),
                _ => Ok(()),
            })
            .await;
        is_at_fault(&browser, "expiry-date", "expiry-error").await;
        browser.look_at("day-wrong").await;
    }
    assert_eq!(host.records().await.len(), 0);
    browser.pick_day("Last day", "2026-11-02").await;
    browser.click("Save").await;
    browser.new_token().await;
    browser.close().await;
}
