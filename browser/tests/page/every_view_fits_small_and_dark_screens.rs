//! The views of a shop in use at 360 and 1440 pixels, light and dark: axe finds nothing, nothing reaches beyond the
//! side of the screen, and what is to be tapped is large enough. With `SCREENSHOTS` these are the pictures to look at.

use personal_tokens_browser::remote_store::{Fault, Method};
use personal_tokens_browser::{Browser, Host, Look, Person, READ};

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
    let host = Host::in_use().await;
    let browser = Browser::open(look).await;
    browser.enter(&host, Person::Ada).await;
    browser.rows(7).await;
    browser.look_and_picture("active").await;
    browser.open_tab("Ended").await;
    browser.rows(3).await;
    browser.look_and_picture("ended").await;
    browser.click("Edit: Trial of the new till").await;
    browser.look_and_picture("revive").await;
    browser.click("Cancel").await;
    browser.open_tab("Active").await;
    browser.rows(7).await;

    browser.click("Generate personal token").await;
    browser.look_and_picture("generate").await;
    browser.click("Save").await;
    browser.sees_in("#name-error", "name").await;
    browser.look_and_picture("generate-nameless").await;
    browser.fill("Name", "Price labels").await;
    browser.choose(READ).await;
    browser.choose("On a date").await;
    browser.pick_day("Last day", "2027-06-30").await;
    browser.look_and_picture("generate-date").await;
    browser.click("Save").await;
    browser.new_token().await;
    browser.look_and_picture("new-token").await;
    browser.click("Done").await;
    browser.sees("You have not copied").await;
    browser.look_and_picture("not-copied").await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;

    for (name, view) in [("Edit", "edit"), ("Rotate", "rotate"), ("Revoke", "revoke")] {
        browser.click(&format!("{name}: Shopify sync")).await;
        browser.look_and_picture(view).await;
        browser.click("Cancel").await;
    }
    browser.click("End grace now: Newsletter").await;
    browser.look_and_picture("end-grace").await;
    browser.click("Cancel").await;
    browser.click("Revoke all tokens…").await;
    browser.look_and_picture("revoke-all").await;
    browser.click("Cancel").await;
    browser.provoke("status of 503");
    host.store.fail(Method::List, Fault::Unavailable);
    browser.reload().await;
    browser.sees("Try again").await;
    browser.look_and_picture("store-fails").await;
    browser.close().await;
}
