//! Where a host has no list of scopes, nothing on the page speaks of them.

use personal_tokens_browser::{Browser, Host, Look, Person};

#[tokio::test]
async fn nothing_speaks_of_scopes() {
    let host = Host::plan().without_scopes().start().await;
    host.issue("Till", &[]).await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.rows(1).await;
    let mut views = vec![browser.text().await];
    browser.look_at("no-scopes").await;

    browser.click("Rotate: Till").await;
    views.push(browser.text().await);
    browser.click("Cancel").await;
    browser.click("Edit: Till").await;
    views.push(browser.text().await);
    browser.click("Cancel").await;
    browser.is_back().await;

    browser.click("Generate personal token").await;
    views.push(browser.text().await);
    browser.look_at("no-scopes-generate").await;
    browser.fill("Name", "Shopify sync").await;
    browser.click("Save").await;
    let token = browser.new_token().await;
    browser.sees("on your behalf").await;
    views.push(browser.text().await);
    browser.look_at("no-scopes-new-token").await;

    for view in views {
        assert!(!view.to_lowercase().contains("scope"), "{view}");
    }
    assert_eq!(host.whoami(token).await, Ok("Shopify sync".to_owned()));
    browser.close().await;
}
