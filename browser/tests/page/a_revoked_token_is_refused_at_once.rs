//! A revocation wants a confirmation that names the token and its last use; the next request with it is 401, for good.
//! So it is with all of them at once.

use personal_tokens::Duration;
use personal_tokens_browser::{Browser, Host, Look, Person, READ};

#[tokio::test]
async fn one_by_one_after_a_confirmation() {
    let host = Host::start().await;
    let (till, sync) = (host.issue("Till", &[READ]).await, host.issue("Sync", &[READ]).await);
    assert_eq!(host.whoami(till.token.expose()).await, Ok("Till".to_owned()));
    host.clock.advance(Duration::hours(3));
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;

    browser.click("Revoke: Till").await;
    browser.sees_in("#task-dialog", "Till").await;
    browser.sees_in("#task-dialog", "3 hours ago").await;
    browser.look_at("revoke").await;
    browser.click("Cancel").await;
    browser.is_back().await;
    browser.has_focus("Revoke: Till").await;
    assert_eq!(host.whoami(till.token.expose()).await, Ok("Till".to_owned()));

    browser.click("Revoke: Till").await;
    browser.click("Revoke token").await;
    browser.is_back().await;
    let [row] = browser.rows(1).await.try_into().unwrap();
    assert!(row.contains("Sync"), "{row}");
    assert_eq!(host.whoami(till.token.expose()).await, Err(401));
    assert_eq!(host.whoami(sync.token.expose()).await, Ok("Sync".to_owned()));

    browser.open_tab("Ended").await;
    let [row] = browser.rows(1).await.try_into().unwrap();
    assert!(row.contains("Till") && row.contains("Revoked"), "{row}");
    for action in ["Edit: Till", "Rotate: Till", "Revoke: Till"] {
        assert!(!browser.offers(action).await, "{action}");
    }
    browser.look_at("ended").await;
    browser.close().await;
}

#[tokio::test]
async fn all_at_once_after_a_word_was_typed() {
    let host = Host::start().await;
    let tokens = [host.issue("Till", &[READ]).await, host.issue("Sync", &[]).await];
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.rows(2).await;
    browser.click("Revoke all tokens…").await;
    browser.fill("Type “all” to confirm", "some").await;
    browser.click("Revoke all tokens").await;
    browser.sees_in("#confirm-error", "all").await;
    browser.look_at("revoke-all").await;
    for issued in &tokens {
        assert!(host.whoami(issued.token.expose()).await.is_ok());
    }

    browser.fill("Type “all” to confirm", "all").await;
    browser.click("Revoke all tokens").await;
    browser.is_back().await;
    browser.rows(0).await;
    browser.sees_in("#status", "2 tokens").await;
    for issued in &tokens {
        assert_eq!(host.whoami(issued.token.expose()).await, Err(401));
    }
    browser.close().await;
}
