//! However often and fast Save is pressed, one request goes out, and one token is made.

use personal_tokens_browser::{Browser, Host, Key, Look, Person};

#[tokio::test]
async fn with_the_mouse_and_by_keyboard() {
    let host = Host::start().await;
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    for (name, by_keyboard) in [("Till", false), ("Sync", true)] {
        browser.click("Generate personal token").await;
        browser.fill("Name", name).await;
        host.take_requests();
        // Made, and not yet answered.
        let held = host.store.hold_changes().await;
        if by_keyboard {
            browser.press(Key::Enter + Key::Enter).await;
        } else {
            browser.double_click("Save").await;
        }
        browser.click("Save").await;
        drop(held);
        browser.new_token().await;
        let made = host.take_requests().into_iter().filter(|request| request.starts_with("POST "));
        assert_eq!(made.collect::<Vec<_>>(), ["POST /setup/personal-tokens/tokens"], "{name}");
        browser.click("Copy").await;
        browser.sees("Copied").await;
        browser.click("Done").await;
        browser.is_back().await;
    }
    assert_eq!(host.records().await.len(), 2);
    browser.close().await;
}
