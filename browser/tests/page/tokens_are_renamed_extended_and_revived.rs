//! An edit renames a token, changes its scopes, extends its expiry or removes it, and revives what has expired; the
//! secret stays the same, and what was not touched stays as it is.

use personal_tokens::{Duration, Expiry, NewToken, TokenChange};
use personal_tokens_browser::{Browser, Host, Look, Person, READ, WRITE};

async fn save(browser: &Browser) {
    browser.click("Save").await;
    browser.is_back().await;
}

#[tokio::test]
async fn a_name_the_scopes_and_the_expiry_change_one_by_one() {
    let host = Host::start().await;
    let new = NewToken::new(Host::owner(), "Import").scopes([READ, WRITE]).expires_in(Duration::days(10));
    let issued = host.tokens.issue(new).await.unwrap();
    let (id, start) = (issued.record.id, issued.record.created);
    let record = async || host.record(id).await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;

    browser.click("Edit: Import").await;
    browser.sees("Keep as it is").await;
    browser.look_at("edit").await;
    browser.fill("Name", "Nightly import").await;
    save(&browser).await;
    browser.sees_in("#status", "Nightly import").await;
    browser.has_focus("Edit: Nightly import").await;
    assert_eq!(record().await.name.as_str(), "Nightly import");
    assert_eq!(record().await.expiry, Expiry::At(start.checked_add(Duration::days(10)).unwrap()));

    browser.click("Edit: Nightly import").await;
    browser.choose("90 days").await;
    save(&browser).await;
    assert_eq!(record().await.expiry, Expiry::At(start.checked_add(Duration::days(90)).unwrap()));
    browser.sees_in("#rows", "in 90 days").await;

    browser.click("Edit: Nightly import").await;
    browser.choose("No expiry").await;
    save(&browser).await;
    assert_eq!(record().await.expiry, Expiry::Never);
    browser.sees_in("#rows", "Never").await;

    browser.click("Edit: Nightly import").await;
    browser.choose(WRITE).await;
    // Meanwhile somebody else renames it.
    host.tokens.update(&Host::owner(), id, TokenChange::new().name("Import of stock")).await.unwrap();
    save(&browser).await;
    assert_eq!((&*record().await.scopes.to_string(), record().await.name.as_str()), (READ, "Import of stock"));
    assert!(!browser.rows(1).await[0].contains(WRITE));

    assert_eq!(host.whoami(issued.token.expose()).await, Ok("Import of stock".to_owned()));
    browser.close().await;
}

#[tokio::test]
async fn an_expired_token_is_revived() {
    let host = Host::start().await;
    let new = NewToken::new(Host::owner(), "Import").scopes([READ]).expires_in(Duration::days(10));
    let issued = host.tokens.issue(new).await.unwrap();
    host.clock.advance(Duration::days(11));
    assert_eq!(host.whoami(issued.token.expose()).await, Err(401));
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.rows(0).await;

    browser.open_tab("Ended").await;
    let [row] = browser.rows(1).await.try_into().unwrap();
    assert!(row.contains("Expired") && row.contains("24 hours ago"), "{row}");
    browser.look_at("expired").await;
    browser.click("Edit: Import").await;
    browser.sees_in("#expiry-hint", "revives").await;
    browser.look_at("revive").await;
    browser.choose("7 days").await;
    save(&browser).await;
    browser.rows(0).await;
    browser.sees_in("#status", "revived").await;
    assert_eq!(host.whoami(issued.token.expose()).await, Ok("Import".to_owned()));

    browser.open_tab("Active").await;
    browser.sees_in("#rows", "in 7 days").await;
    browser.close().await;
}
