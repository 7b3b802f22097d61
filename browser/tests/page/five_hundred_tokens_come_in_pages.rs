//! A long list comes 50 a page: each view costs one query of the store and one request, no token is missed or shown
//! twice, and the focus goes on with what is new.

use std::collections::BTreeSet;

use personal_tokens_browser::remote_store::Method;
use personal_tokens_browser::{Browser, Host, Look, Person, READ};

#[tokio::test]
async fn each_page_costs_one_query() {
    let host = Host::plan().tokens(|builder| builder.max_active_per_owner(None)).start().await;
    for number in 0..500 {
        host.issue(&format!("Script {number}"), &[READ]).await;
    }
    let browser = Browser::open(Look::WIDE).await;
    host.store.take_calls();
    browser.enter(&host, Person::Ada).await;
    browser.rows(50).await;
    assert_eq!(host.store.take_calls(), [Method::List]);
    let mount = "/setup/personal-tokens";
    let first = ["GET /sign-in/ada".to_owned()].into_iter();
    let first = first
        .chain(["", "/policy", "/scopes", "/tokens?state=active&limit=50"].map(|path| format!("GET {mount}{path}")));
    assert_eq!(host.take_requests().into_iter().collect::<BTreeSet<_>>(), first.collect());
    browser.look_at("first-of-ten-pages").await;

    for page in 2..=10 {
        browser.click("Show more").await;
        let rows = browser.rows(50 * page).await;
        assert_eq!(host.store.take_calls(), [Method::List], "page {page}");
        assert_eq!(host.take_requests().len(), 1, "page {page}");
        let first_new = &rows[50 * (page - 1)];
        browser
            .until("the focus on what is new", async || {
                match browser.script("return document.activeElement.innerText", &[]).await {
                    focused if focused == **first_new => Ok(()),
                    focused => Err(focused.to_string()),
                }
            })
            .await;
    }
    let rows = browser.rows(500).await;
    let names: BTreeSet<&str> = rows.iter().map(|row| row.lines().next().unwrap()).collect();
    assert_eq!(names.len(), 500);
    assert!(!browser.offers("Show more").await);

    browser.open_tab("Ended").await;
    browser.sees("No token has ended").await;
    assert_eq!(host.store.take_calls(), [Method::List]);
    browser.close().await;
}
