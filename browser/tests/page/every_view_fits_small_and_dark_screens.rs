//! Every view at 360 and 1440 pixels, light and dark: axe finds nothing, nothing reaches beyond the side of the screen, and what is
//! to be tapped is large enough. With `SCREENSHOTS` these are the pictures to look at.

use personal_tokens::{Duration, Issued, NewToken, Rotation};
use personal_tokens_browser::remote_store::{Fault, Method};
use personal_tokens_browser::{Browser, Host, Look, Person, READ, WRITE};

#[tokio::test]
async fn narrow_and_light() {
    all_views(Look::NARROW).await;
}

#[tokio::test]
async fn narrow_and_dark() {
    all_views(Look::NARROW.dark()).await;
}

#[tokio::test]
async fn wide_and_light() {
    all_views(Look::WIDE).await;
}

#[tokio::test]
async fn wide_and_dark() {
    all_views(Look::WIDE.dark()).await;
}

async fn all_views(look: Look) {
    let host = a_shop_in_use().await;
    let browser = Browser::open(look).await;
    browser.enter(&host, Person::Ada).await;
    browser.rows(7).await;
    browser.look_at("active").await;
    browser.open_tab("Ended").await;
    browser.rows(3).await;
    browser.look_at("ended").await;
    browser.click("Edit: Trial of the new till").await;
    browser.look_at("revive").await;
    browser.click("Cancel").await;
    browser.open_tab("Active").await;
    browser.rows(7).await;

    browser.click("Generate personal token").await;
    browser.look_at("generate").await;
    browser.click("Save").await;
    browser.sees_in("#name-error", "name").await;
    browser.look_at("generate-nameless").await;
    browser.fill("Name", "Price labels").await;
    browser.choose(READ).await;
    browser.choose("On a date").await;
    browser.pick_day("Last day", "2027-06-30").await;
    browser.look_at("generate-date").await;
    browser.click("Save").await;
    browser.new_token().await;
    browser.look_at("new-token").await;
    browser.click("Done").await;
    browser.sees("You have not copied").await;
    browser.look_at("not-copied").await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;

    for (name, view) in [("Edit", "edit"), ("Rotate", "rotate"), ("Revoke", "revoke")] {
        browser.click(&format!("{name}: Shopify sync")).await;
        browser.look_at(view).await;
        browser.click("Cancel").await;
    }
    browser.click("End grace now: Newsletter").await;
    browser.look_at("end-grace").await;
    browser.click("Cancel").await;
    browser.click("Revoke all tokens…").await;
    browser.look_at("revoke-all").await;
    browser.click("Cancel").await;
    host.store.fail(Method::List, Fault::Unavailable);
    browser.reload().await;
    browser.sees("Try again").await;
    browser.look_at("store-fails").await;
    browser.close().await;
}

/// Seven tokens that are accepted, one of them soon no more and one in its grace; three that are not.
async fn a_shop_in_use() -> Host {
    let host = Host::start().await;
    let issue = async |name: &str, scopes: &[&str], days: Option<i64>, by: &str| {
        let new = NewToken::new(Host::owner(), name).scopes(scopes).created_by(by);
        let new = days.map_or(new.clone(), |days| new.expires_in(Duration::days(days)));
        host.tokens.issue(new).await.unwrap()
    };
    let used = async |token: &Issued| host.whoami(token.token.expose()).await.unwrap();
    let past = |days| host.clock.advance(Duration::days(days));

    host.clock.advance(Duration::days(-150));
    let till = issue("Trial of the new till", &[READ, WRITE], Some(14), "ada").await;
    let labels = issue("Label printer, old", &[READ], None, "ada").await;
    let accounts = issue("Accounting export", &[READ], None, "grace").await;
    used(&till).await;
    past(30);
    let sync = issue("Shopify sync", &[READ, WRITE], None, "ada").await;
    let import = issue("Nightly stock import", &[WRITE], Some(124), "ada").await;
    past(25);
    host.tokens.revoke(&Host::owner(), labels.record.id).await.unwrap();
    let newsletter = issue("Newsletter", &[READ], Some(365), "grace").await;
    let prices = issue("Price comparison feed", &[READ], Some(180), "grace").await;
    used(&prices).await;
    past(94);
    issue("Backup of the catalogue, once a week, to the office in Wellington", &[READ], None, "ada").await;
    used(&newsletter).await;
    let short = issue("Audit of last year", &[READ], Some(1), "grace").await;
    used(&short).await;
    let rotation = Rotation::new().grace(Duration::days(2)).created_by("ada");
    host.tokens.rotate(&Host::owner(), newsletter.record.id, rotation).await.unwrap();
    host.clock.advance(Duration::hours(18));
    used(&accounts).await;
    host.clock.advance(Duration::hours(6));
    host.clock.advance(Duration::minutes(-7));
    used(&import).await;
    host.clock.advance(Duration::minutes(7));
    used(&sync).await;
    host
}
