//! Without a mouse: to generate, to copy, to choose a tab, to revoke. The focus can be seen, goes into each dialog, and
//! comes back to where it was, or to a place nearby.

use personal_tokens::{Duration, Expiry, NewToken};
use personal_tokens_browser::{Browser, Host, Key, Look, Person, READ, WRITE};

const GENERATE: &str = "Generate personal token";

#[tokio::test]
async fn generate_copy_and_revoke() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.tab_to(GENERATE).await;
    browser.press(Key::Enter + "").await;
    browser.has_focus("Name").await;
    browser.press("Till").await;
    browser.tab_to(READ).await;
    browser.press(" ").await;
    browser.tab_to("No expiry").await;
    browser.press(Key::Right + "").await;
    browser.has_focus("7 days").await;
    browser.sees_in("#expiry-exact", "in 7 days").await;
    browser.look_at("keyboard-generate").await;
    browser.tab_to("Save").await;
    browser.press(Key::Enter + "").await;

    let token = browser.new_token().await;
    browser.tab_to("Copy").await;
    browser.press(" ").await;
    browser.sees("Copied").await;
    assert_eq!(browser.clipboard().await, token);
    browser.tab_to("Done").await;
    browser.press(Key::Enter + "").await;
    browser.is_back().await;
    browser.has_focus(GENERATE).await;
    assert_eq!(host.whoami(&token).await, Ok("Till".to_owned()));
    let record = &host.records().await[0];
    assert_eq!((record.scopes.to_string(), record.expiry.instant().is_some()), (READ.to_owned(), true));

    browser.tab_to("Revoke: Till").await;
    browser.press(Key::Enter + "").await;
    browser.has_focus("Cancel").await;
    browser.press(Key::Escape + "").await;
    browser.is_back().await;
    browser.has_focus("Revoke: Till").await;
    browser.press(Key::Enter + "").await;
    browser.tab_to("Revoke token").await;
    browser.press(Key::Enter + "").await;
    browser.is_back().await;
    browser.has_focus("Active tokens").await;
    assert_eq!(host.whoami(&token).await, Err(401));

    browser.tab_to("Generate personal token").await;
    browser.tab_to("Ended").await;
    browser.press(Key::Enter + "").await;
    assert!(browser.rows(1).await[0].contains("Revoked"));
    browser.close().await;
}

#[tokio::test]
async fn edit_revive_rotate_end_a_grace_and_revoke_all() {
    let host = Host::start().await;
    host.tokens.issue(NewToken::new(Host::owner(), "Till").expires_in(Duration::HOUR)).await.unwrap();
    host.clock.advance(Duration::HOUR);
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.tab_to("Ended").await;
    browser.press(Key::Enter + "").await;
    browser.rows(1).await;
    browser.tab_to("Edit: Till").await;
    browser.press(Key::Enter + "").await;
    browser.has_focus("Name").await;
    browser.press(Key::Control + "a").await;
    browser.press("Old till").await;
    browser.tab_to("Keep as it is").await;
    browser.press(Key::Right + "").await;
    browser.has_focus("No expiry").await;
    browser.tab_to("Save").await;
    browser.press(Key::Enter + "").await;
    browser.is_back().await;
    let [record] = host.records().await.try_into().unwrap();
    assert_eq!((record.name.as_str(), record.expiry), ("Old till", Expiry::Never));

    browser.tab_to("Active").await;
    browser.press(Key::Enter + "").await;
    browser.tab_to("Rotate: Old till").await;
    browser.press(Key::Enter + "").await;
    browser.has_focus("1 day").await;
    browser.press(Key::Enter + "").await;
    browser.new_token().await;
    browser.tab_to("Copy").await;
    browser.press(" ").await;
    browser.sees("Copied").await;
    browser.press(Key::Escape + "").await;
    browser.is_back().await;
    browser.rows(2).await;
    browser.sees_in("#rows", "In grace").await;

    browser.tab_to("End grace now: Old till").await;
    browser.press(Key::Enter + "").await;
    browser.has_focus("Cancel").await;
    browser.tab_to("End grace now").await;
    browser.press(Key::Enter + "").await;
    browser.is_back().await;
    browser.rows(1).await;
    browser.tab_to("Revoke all tokens…").await;
    browser.press(Key::Enter + "").await;
    browser.has_focus("Type “all” to confirm").await;
    browser.press("all" + Key::Enter).await;
    browser.is_back().await;
    browser.rows(0).await;
    assert!(host.records().await.iter().all(|record| record.revoked.is_some()));
    browser.close().await;
}

#[tokio::test]
async fn escape_leaves_a_form_and_asks_before_an_uncopied_token_is_gone() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.tab_to(GENERATE).await;
    browser.press(Key::Enter + "").await;
    browser.has_focus("Name").await;
    browser.press("Till" + Key::Escape).await;
    browser.is_back().await;
    browser.has_focus(GENERATE).await;

    browser.press(Key::Enter + "").await;
    browser.has_focus("Name").await;
    // Enter in a field saves, as in any form.
    browser.press("Till" + Key::Enter).await;
    let token = browser.new_token().await;
    browser.press(Key::Escape + "").await;
    browser.sees("You have not copied the token").await;
    assert_eq!(browser.new_token().await, token);
    browser.press(Key::Escape + "").await;
    browser.has_focus("Close without copying").await;
    browser.press(Key::Enter + "").await;
    browser.is_back().await;
    browser.rows(1).await;
    browser.close().await;
}

#[tokio::test]
async fn every_control_of_a_row_and_of_a_dialog_is_reached() {
    let host = Host::start().await;
    host.issue("Till", &[READ]).await;
    let browser = Browser::open(Look::NARROW).await;
    browser.enter(&host, Person::Ada).await;
    browser.rows(1).await;
    for name in [GENERATE, "Active", "Ended", "Edit: Till", "Rotate: Till", "Revoke: Till", "Revoke all tokens…"] {
        browser.tab_to(name).await;
    }
    browser.press(Key::Enter + "").await;
    browser.has_focus("Type “all” to confirm").await;
    browser.press(Key::Escape + "").await;
    browser.has_focus("Revoke all tokens…").await;
    browser.click("Rotate: Till").await;
    browser.has_focus("1 day").await;
    browser.press(Key::Left + "").await;
    browser.sees_in("#grace-exact", "13:00").await;
    for name in ["Cancel", "Rotate"] {
        browser.tab_to(name).await;
    }
    browser.press(Key::Escape + "").await;
    browser.is_back().await;

    // A form that is longer than the screen.
    browser.click(GENERATE).await;
    browser.has_focus("Name").await;
    for name in [READ, WRITE, "No expiry", "Cancel", "Save", "Name"] {
        browser.tab_to(name).await;
    }
    browser.tab_to("No expiry").await;
    browser.press(Key::Left + "").await;
    browser.has_focus("On a date").await;
    browser.tab_to("Last day").await;
    browser.press("06302027").await;
    browser.sees_in("#expiry-exact", "Wed, 30 Jun 2027, 24:00").await;
    browser.close().await;
}
