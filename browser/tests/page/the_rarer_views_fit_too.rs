//! What is seen seldom, at 360 pixels and dark, at 1440 and light: empty lists, refusals, people with few rights, hosts
//! without scopes.

use personal_tokens::{Duration, NewToken};
use personal_tokens_browser::remote_store::{Fault, Method};
use personal_tokens_browser::{Browser, Host, Look, Person, READ, WRITE};

#[tokio::test]
async fn narrow_and_dark() {
    rarer_views(Look::NARROW.dark()).await;
}

#[tokio::test]
async fn wide_and_light() {
    rarer_views(Look::WIDE).await;
}

async fn rarer_views(look: Look) {
    let browser = Browser::open(look).await;
    for refusal in ["status of 401", "status of 409", "status of 503"] {
        browser.provoke(refusal);
    }
    of_people_with_few_rights(&browser).await;
    of_what_is_refused(&browser).await;
    without_scopes(&browser).await;
    browser.close().await;
}

async fn of_people_with_few_rights(browser: &Browser) {
    let host = Host::start().await;
    host.issue("Admin", &[READ, WRITE]).await;
    browser.enter(&host, Person::Clerk).await;
    browser.look_and_picture("clerk").await;
    browser.click("Generate personal token").await;
    browser.look_and_picture("clerk-generate").await;
    for person in [Person::Auditor, Person::Maker] {
        browser.enter(&host, person).await;
        browser.look_and_picture(&format!("{person:?}").to_lowercase()).await;
    }
}

async fn of_what_is_refused(browser: &Browser) {
    let host = Host::plan().tokens(|builder| builder.max_active_per_owner(1)).start().await;
    browser.enter(&host, Person::Ada).await;
    browser.look_and_picture("empty").await;
    host.issue("Till", &[READ]).await;
    browser.reload().await;
    browser.rows(1).await;

    browser.click("Generate personal token").await;
    let save = async |name: &str, said: &str| {
        browser.fill("Name", name).await;
        browser.click("Save").await;
        browser.sees_in("#form-dialog", said).await;
    };
    save("Sync", "1 ").await;
    browser.look_and_picture("limit-reached").await;
    save("Till", "taken").await;
    browser.look_and_picture("name-taken").await;
    host.store.fail(Method::Change, Fault::Unavailable);
    save("Sync", "Look at the list").await;
    browser.look_and_picture("answer-lost").await;
    host.store.work();
    host.end_sessions();
    save("Sync", "Your session is over").await;
    browser.look_and_picture("session-over-in-form").await;
    browser.click("Cancel").await;
    browser.click("Ended").await;
    browser.sees_in("#list-problem", "Your session is over").await;
    browser.look_and_picture("session-over").await;
}

async fn without_scopes(browser: &Browser) {
    let host = Host::plan().without_scopes().start().await;
    let new = NewToken::new(Host::owner(), "Till").expires_in(Duration::HOUR);
    host.tokens.issue(new).await.unwrap();
    host.clock.advance(Duration::HOUR);
    browser.enter(&host, Person::Ada).await;
    browser.open_tab("Ended").await;
    browser.click("Rotate: Till").await;
    browser.look_and_picture("rotate-expired").await;
    browser.click("Rotate").await;
    browser.new_token().await;
    browser.look_and_picture("no-scopes-new-token").await;
    browser.click("Copy").await;
    browser.sees("Copied").await;
    browser.click("Done").await;
    browser.is_back().await;
    browser.look_and_picture("no-scopes").await;
    browser.click("Generate personal token").await;
    browser.look_and_picture("no-scopes-generate").await;
}
