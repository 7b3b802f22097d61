//! A host that limits lives, graces and numbers: the page offers no more than that, what it offers is accepted to the
//! last minute, and a limit that is reached is said.

use personal_tokens::{Builder, Duration};
use personal_tokens_browser::{Browser, Host, Look, Person};

/// Which of these the form on top has.
async fn offered<'a>(browser: &Browser, choices: &[&'a str]) -> Vec<&'a str> {
    let mut offered = Vec::new();
    for choice in choices {
        if browser.asks_for(choice).await {
            offered.push(*choice);
        }
    }
    offered
}

async fn done(browser: &Browser) {
    browser.new_token().await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;
}

#[tokio::test]
async fn no_longer_life_and_no_longer_grace() {
    let policy = |builder: Builder| builder.max_lifetime(Duration::days(45)).max_grace(Duration::hours(2));
    let host = Host::plan().tokens(policy).start().await;
    // Not on the minute: what is cut must be cut downwards.
    host.clock.advance(Duration::milliseconds(30_999));
    let now = host.now();
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.click("Generate personal token").await;
    let lives = ["No expiry", "7 days", "30 days", "45 days", "90 days", "On a date"];
    assert_eq!(offered(&browser, &lives).await, ["7 days", "30 days", "45 days", "On a date"]);
    browser.sees_in("#expiry-exact", "in 30 days").await;
    browser.look_at("limited-lives").await;
    browser.fill("Name", "as long as can be").await;
    browser.choose("45 days").await;
    browser.click("Save").await;
    done(&browser).await;
    let life = host.records().await[0].expiry.instant().unwrap().since(now);
    assert!(life <= Duration::days(45) && life > Duration::days(45) - Duration::MINUTE, "{life}");

    browser.click("Generate personal token").await;
    browser.fill("Name", "to a day").await;
    browser.choose("On a date").await;
    browser.pick_day("Last day", "2026-12-17").await;
    browser.click("Save").await;
    browser.sees_in("#expiry-error", "16 Dec 2026, 24:00").await;
    browser.pick_day("Last day", "2026-12-16").await;
    browser.click("Save").await;
    done(&browser).await;

    browser.click("Rotate: to a day").await;
    let graces = ["Not at all", "1 hour", "2 hours", "1 day", "7 days"];
    assert_eq!(offered(&browser, &graces).await, ["Not at all", "1 hour", "2 hours"]);
    browser.choose("2 hours").await;
    browser.click("Rotate").await;
    done(&browser).await;
    browser.sees_in("#rows", "In grace").await;
    browser.close().await;
}

#[tokio::test]
async fn no_more_tokens_than_are_allowed() {
    let host = Host::plan().tokens(|builder| builder.max_active_per_owner(1)).start().await;
    host.issue("Till", &[]).await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.provoke("status of 409");
    browser.click("Generate personal token").await;
    browser.fill("Name", "Sync").await;
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "1").await;
    browser.look_at("limit-reached").await;
    browser.click("Cancel").await;
    browser.click("Revoke: Till").await;
    browser.click("Revoke token").await;
    browser.is_back().await;

    browser.click("Generate personal token").await;
    browser.fill("Name", "Sync").await;
    browser.click("Save").await;
    done(&browser).await;
    browser.close().await;
}
