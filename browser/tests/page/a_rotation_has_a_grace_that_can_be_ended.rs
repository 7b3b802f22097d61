//! A rotation shows a new token once and accepts the old one for the grace that was chosen, or until somebody ends it.

use personal_tokens::Duration;
use personal_tokens_browser::{Browser, Host, Look, Person, READ};

const NAME: &str = "Shopify sync";

/// Rotates the one token of that name; the new token.
async fn rotate(browser: &Browser, grace: &str) -> String {
    browser.click(&format!("Rotate: {NAME}")).await;
    browser.choose(grace).await;
    browser.look_at("rotate").await;
    browser.click("Rotate").await;
    let token = browser.new_token().await;
    browser.look_at("rotated").await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    assert_eq!(browser.clipboard().await, token);
    browser.click("Done").await;
    browser.is_back().await;
    token
}

#[tokio::test]
async fn both_are_accepted_until_the_grace_is_ended_by_hand() {
    let host = Host::start().await;
    let old = host.issue(NAME, &[READ]).await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    let new = rotate(&browser, "1 hour").await;
    assert_eq!(host.whoami(&new).await, Ok(NAME.to_owned()));
    assert_eq!(host.whoami(old.token.expose()).await, Ok(NAME.to_owned()));
    browser.sees_in("#rows", "In grace").await;
    let [first, second] = browser.rows(2).await.try_into().unwrap();
    assert!(first.contains("Active") && first.contains(READ), "the same scopes: {first}");
    let successor = &new["shop_".len()..][..8];
    assert!(second.contains("In grace") && second.contains("13:00") && second.contains(successor), "{second}");
    browser.look_at("in-grace").await;

    browser.click(&format!("End grace now: {NAME}")).await;
    browser.sees("final").await;
    browser.look_at("end-grace").await;
    browser.click("End grace now").await;
    browser.is_back().await;
    browser.rows(1).await;
    assert_eq!(host.whoami(old.token.expose()).await, Err(401));
    assert_eq!(host.whoami(&new).await, Ok(NAME.to_owned()));

    browser.open_tab("Ended").await;
    let [ended] = browser.rows(1).await.try_into().unwrap();
    assert!(ended.contains("Revoked"), "{ended}");
    browser.close().await;
}

#[tokio::test]
async fn a_grace_ends_by_itself_and_no_grace_ends_at_once() {
    let host = Host::start().await;
    let first = host.issue(NAME, &[READ]).await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;

    let second = rotate(&browser, "1 day").await;
    host.clock.advance(Duration::DAY - Duration::SECOND);
    assert_eq!(host.whoami(first.token.expose()).await, Ok(NAME.to_owned()));
    host.clock.advance(Duration::SECOND);
    assert_eq!(host.whoami(first.token.expose()).await, Err(401));

    browser.reload().await;
    browser.is_loaded().await;
    browser.rows(1).await;
    let third = rotate(&browser, "Not at all").await;
    browser.rows(1).await;
    assert_eq!(host.whoami(second).await, Err(401));
    assert_eq!(host.whoami(third).await, Ok(NAME.to_owned()));
    browser.open_tab("Ended").await;
    for row in browser.rows(2).await {
        assert!(row.contains("Replaced"), "{row}");
    }
    browser.close().await;
}
