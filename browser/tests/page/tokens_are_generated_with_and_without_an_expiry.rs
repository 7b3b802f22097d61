//! A token is generated with a name, scopes and, if wanted, an expiry; it is shown once, and what was copied opens the
//! API until it expires.

use personal_tokens::{Duration, Expiry};
use personal_tokens_browser::{Browser, Host, Look, Person, READ};

/// What screen readers are told without being asked.
async fn is_announced_and_not_read_out(browser: &Browser, token: &str) {
    browser.sees_in("#secret-status[role=status]", "Token created").await;
    let live = "return [...document.querySelectorAll('[role=status], [role=alert], [aria-live], output')]
        .map(region => region.textContent + [...region.querySelectorAll('input, textarea')].map(field => field.value)).join()";
    let live = browser.script(live, &[]).await;
    assert!(!live.as_str().unwrap().contains(token), "{live}");
}

#[tokio::test]
async fn without_an_expiry_unless_one_is_chosen() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.sees("There is no active token").await;
    browser.look_at("none").await;

    browser.click("Generate personal token").await;
    browser.sees("Never expires").await;
    browser.fill("Name", "Shopify sync").await;
    browser.choose(READ).await;
    browser.look_at("generate").await;
    browser.click("Save").await;

    browser.sees("Copy it now").await;
    browser.sees_in("#secret-warning", "See all products and their prices").await;
    browser.look_at("new-token").await;
    let token = browser.new_token().await;
    is_announced_and_not_read_out(&browser, &token).await;
    assert_ne!(browser.clipboard().await, token, "nothing is copied unasked");
    browser.click("Copy").await;
    browser.sees("Copied").await;
    let copied = browser.clipboard().await;
    assert_eq!(copied, token);
    browser.look_at("copied").await;
    browser.click("Done").await;
    browser.is_back().await;

    let [row] = browser.rows(1).await.try_into().unwrap();
    for word in ["Shopify sync", READ, "Active", "by ada", "No use known", "Never", &token["shop_".len()..][..8]] {
        assert!(row.contains(word), "{word}: {row}");
    }
    browser.look_at("one").await;
    assert_eq!(host.whoami(&copied).await, Ok("Shopify sync".to_owned()));
    let [record] = host.records().await.try_into().unwrap();
    assert_eq!((record.expiry, record.scopes.to_string()), (Expiry::Never, READ.to_owned()));
    assert_eq!(record.created_by.unwrap().as_str(), "ada");
    browser.reload().await;
    browser.is_loaded().await;
    let [row] = browser.rows(1).await.try_into().unwrap();
    assert!(row.contains("just now") && row.contains("minutes"), "its use is known, and how exactly: {row}");
    browser.close().await;
}

#[tokio::test]
async fn with_an_expiry_to_the_minute_that_was_shown() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.click("Generate personal token").await;
    for (preset, end) in [("7 days", "Mon, 9 Nov 2026, 12:00"), ("90 days", "Sun, 31 Jan 2027, 12:00")] {
        browser.choose(preset).await;
        browser.sees_in("#expiry-exact", end).await;
    }
    browser.choose("30 days").await;
    browser.sees_in("#expiry-exact", "Expires Wed, 2 Dec 2026, 12:00 (UTC+00:00), in 30 days").await;
    browser.fill("Name", "Nightly import").await;
    browser.click("Save").await;
    let token = browser.new_token().await;
    browser.sees_in("#secret-dialog", "expires Wed, 2 Dec 2026, 12:00").await;
    browser.sees_in("#secret-warning", "It has no scopes").await;

    // A click selects it and copies.
    browser.choose("Token").await;
    browser.sees("Copied").await;
    assert_eq!(browser.clipboard().await, token);
    browser.click("Done").await;
    let [row] = browser.rows(1).await.try_into().unwrap();
    assert!(row.contains("in 30 days") && row.contains("2 Dec 2026, 12:00"), "{row}");

    assert_eq!(host.whoami(&token).await, Ok("Nightly import".to_owned()));
    host.clock.advance(Duration::days(30) - Duration::SECOND);
    assert_eq!(host.whoami(&token).await, Ok("Nightly import".to_owned()));
    host.clock.advance(Duration::SECOND);
    assert_eq!(host.whoami(&token).await, Err(401));
    browser.close().await;
}
