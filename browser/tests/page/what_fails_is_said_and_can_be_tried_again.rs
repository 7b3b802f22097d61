//! A session that is over, a host that wants a fresh sign-in, a store and a network that fail: the page says so and
//! says what to do, and nothing that was typed is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use personal_tokens::OwnerId;
use personal_tokens::management::Unconfirmed;
use personal_tokens::store::ListQuery;
use personal_tokens_browser::remote_store::{Fault, Method};
use personal_tokens_browser::{Browser, Host, Look, Person, READ};
use serde_json::json;

/// The form, filled in.
async fn filled(browser: &Browser) {
    browser.click("Generate personal token").await;
    browser.fill("Name", "Till").await;
    browser.choose(READ).await;
}

/// It is all still there.
async fn is_kept(browser: &Browser) {
    let kept =
        "return [document.querySelector('#name').value, document.querySelector('#scope-choices input:checked').value]";
    assert_eq!(browser.script(kept, &[]).await, json!(["Till", READ]));
}

#[tokio::test]
async fn a_session_that_is_over() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    filled(&browser).await;
    host.end_sessions();
    browser.provoke("status of 401");
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "Your session is over").await;
    assert!(browser.offers("Sign in (new tab)").await);
    browser.look_at("session-over-in-form").await;
    is_kept(&browser).await;
    browser.click("Cancel").await;

    browser.open_tab("Ended").await;
    browser.sees_in("#list-problem", "Your session is over").await;
    browser.look_at("session-over").await;
    let target = "return document.querySelector('#list-problem a').getAttribute('href')";
    assert_eq!(browser.script(target, &[]).await, json!("/sign-in/ada"));
    host.begin_sessions();
    browser.click("Reload").await;
    browser.sees("No token has ended").await;
    assert_eq!(host.records().await.len(), 0);
    browser.close().await;
}

#[tokio::test]
async fn somebody_else_who_signed_in_meanwhile() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    filled(&browser).await;
    // In another tab, say.
    let sign_in = "return (await fetch(arguments[0], { redirect: 'manual' })).type";
    browser.script(sign_in, &[json!(host.sign_in(Person::Stranger))]).await;
    browser.provoke("status of 4");
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "Somebody else").await;
    browser.look_at("somebody else").await;
    is_kept(&browser).await;
    for owner in ["store-42", "store-43"] {
        let tokens = host.tokens.list(&OwnerId::new(owner).unwrap(), ListQuery::all()).await.unwrap().tokens;
        assert_eq!(tokens.len(), 0, "{owner}");
    }
    browser.click("Reload").await;
    browser.sees("There is no active token").await;
    browser.close().await;
}

#[tokio::test]
async fn a_fresh_sign_in_that_is_wanted() {
    let fresh = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&fresh);
    let confirm = move |_| {
        let fresh = asked.load(Ordering::SeqCst);
        async move { if fresh { Ok(()) } else { Err(Unconfirmed::wanted().at("/sign-in/again")) } }
    };
    let host = Host::plan().settings(|settings| settings.confirm(confirm)).start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    filled(&browser).await;
    browser.provoke("status of 403");
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "Confirm that it is you").await;
    let target = "return document.querySelector('#form-dialog [role=alert] a').getAttribute('href')";
    assert_eq!(browser.script(target, &[]).await, json!("/sign-in/again"));
    browser.look_at("confirmation-required").await;
    is_kept(&browser).await;
    assert_eq!(host.records().await.len(), 0);

    fresh.store(true, Ordering::SeqCst);
    browser.click("Save").await;
    let token = browser.new_token().await;
    assert_eq!(host.whoami(token).await, Ok("Till".to_owned()));
    browser.close().await;
}

#[tokio::test]
async fn a_store_that_fails() {
    let host = Host::start().await;
    host.issue("Sync", &[READ]).await;
    let browser = Browser::open(Look::WIDE).await;
    browser.provoke("status of 503");
    host.store.fail(Method::List, Fault::Unavailable);
    browser.enter(&host, Person::Ada).await;
    browser.sees_in("#list-problem", "Try again in").await;
    browser.look_at("store-fails").await;
    host.store.work();
    browser.click("Try again").await;
    browser.rows(1).await;

    filled(&browser).await;
    host.store.fail(Method::Change, Fault::Unavailable);
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "Look at the list").await;
    browser.look_at("store-fails-in-form").await;
    is_kept(&browser).await;
    host.store.work();
    browser.click("Save").await;
    browser.new_token().await;
    browser.close().await;
}

#[tokio::test]
async fn an_answer_that_was_lost() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    filled(&browser).await;
    browser.provoke("status of 503");
    host.store.fail(Method::Change, Fault::AnswerLost);
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "Look at the list").await;
    host.store.work();
    browser.click("Look at the list").await;
    browser.is_back().await;
    assert!(browser.rows(1).await[0].contains("Till"), "it was made, and can be revoked");
    browser.close().await;
}

#[tokio::test]
async fn a_network_that_is_down() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    filled(&browser).await;
    browser.provoke("ERR_INTERNET_DISCONNECTED");
    browser.offline(true).await;
    browser.click("Save").await;
    browser.sees_in("#form-dialog [role=alert]", "Look at the list").await;
    browser.look_at("offline").await;
    is_kept(&browser).await;
    browser.offline(false).await;
    browser.click("Save").await;
    browser.new_token().await;
    browser.close().await;
}
