//! Where a host wants it, a person confirms before a secret is shown: the hook is asked for a new token and for a
//! rotation and for nothing else, sees who asks and what the host's layers put into the request, and what it refuses is
//! not made.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use std::sync::{Arc, Mutex};

use axum::body::Body;
use common::management::{Ask, Host, host_with, person};
use http::Request;
use personal_tokens::Actor;
use personal_tokens::management::{Asked, Settings, Unconfirmed};
use serde_json::json;

#[derive(Clone, Debug, PartialEq)]
struct SignedInLately;

/// A host whose hook answers this, after it has seen what it was given.
fn host_that(answer: impl Fn(&Asked) -> Result<(), Unconfirmed> + Send + Sync + 'static) -> Host {
    host_with(|builder| builder, Settings::new().confirm(move |asked| std::future::ready(answer(&asked))))
}

/// It confirms those who signed in lately.
fn host_that_looks() -> (Host, Arc<Mutex<Vec<Asked>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let host = host_that(move |asked| {
        log.lock().unwrap().push(asked.clone());
        asked.parts().extensions.get::<SignedInLately>().map(drop).ok_or_else(Unconfirmed::wanted)
    });
    (host, seen)
}

fn lately(ask: &Ask) -> Request<Body> {
    let mut request = ask.request();
    request.extensions_mut().insert(SignedInLately);
    request.headers_mut().insert("cookie", "session=7".parse().unwrap());
    request
}

#[tokio::test]
async fn the_hook_is_asked_where_a_secret_would_be_shown_and_nowhere_else() {
    let (host, seen) = host_that_looks();
    let host = host.seen_by(person().actor(Actor::new("ann").unwrap()));
    let issued =
        host.send(lately(&Ask::post("tokens", json!({"name": "sync", "scopes": ["products:read"]})))).await.is(201);
    let id = issued["record"]["id"].as_str().unwrap();
    seen.lock().unwrap().clear();
    for ask in Ask::each(id) {
        let answer = host.send(lately(&ask)).await;
        assert!(matches!(answer.status, 200 | 201), "{ask:?}: {answer}");
        let asked = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(asked.len(), usize::from(answer.status == 201), "{ask:?}");
        for asked in asked {
            assert_eq!(asked.principal(), &person().actor(Actor::new("ann").unwrap()));
            let rotated = ask.path.ends_with("rotate").then(|| id.parse().unwrap());
            assert_eq!(asked.rotated(), rotated, "{ask:?}");
            let parts = asked.parts();
            assert_eq!((parts.method.as_str(), &parts.headers["cookie"]), ("POST", &"session=7".parse().unwrap()));
            assert!(parts.uri.path().ends_with(&ask.path), "{}", parts.uri);
        }
    }
}

#[tokio::test]
async fn what_is_not_confirmed_is_not_made() {
    let (host, _) = host_that_looks();
    let id = host.send(lately(&Ask::post("tokens", json!({"name": "sync"})))).await.is(201)["record"]["id"].clone();
    let rows = host.rows().await;
    host.store.take_calls();
    for ask in [
        Ask::post("tokens", json!({"name": "x"})),
        Ask::post(&format!("tokens/{}/rotate", id.as_str().unwrap()), json!({})),
    ] {
        let answer = host.ask(&ask).await;
        assert_eq!(answer.refused(403), "confirmation-required", "{ask:?}");
        assert_eq!(answer.json().get("confirm_at"), None);
    }
    assert_eq!(host.store.take_calls(), []);
    assert_eq!(host.rows().await, rows);
}

/// A body that would be refused anyway troubles nobody for a password.
#[tokio::test]
async fn what_is_no_request_is_refused_before_the_hook() {
    let (host, seen) = host_that_looks();
    for body in [json!({}), json!({"name": 7}), json!({"name": "x", "expires_at": "soon"})] {
        assert_eq!(host.post("tokens", body).await.status, 422);
    }
    let mut nobody = person();
    nobody.rights.issue = false;
    assert_eq!(host.seen_by(nobody).post("tokens", json!({"name": "x"})).await.refused(403), "missing-right");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn it_says_where_to_confirm_if_that_is_a_link() {
    let table = [
        ("/sign-in/again", true),
        ("/sign-in?next=/setup/personal-tokens#new", true),
        ("https://id.shop.example/again", true),
        ("http://localhost:8080/again", true),
        ("", false),
        ("again", false),
        ("//evil.example/again", false),
        ("/\\evil.example", false),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("https:///again", false),
        ("https:shop.example", false),
        ("/a b", false),
        ("/a\nb", false),
        ("/\"><script>", false),
        (" /again", false),
    ];
    for (url, passed_on) in table {
        let host = host_that(move |_| Err(Unconfirmed::wanted().at(url)));
        let answer = host.post("tokens", json!({"name": "x"})).await;
        assert_eq!(answer.refused(403), "confirmation-required");
        assert_eq!(answer.json().get("confirm_at"), passed_on.then(|| json!(url)).as_ref(), "{url:?}");
    }
}

#[tokio::test]
async fn a_hook_that_cannot_tell_is_an_outage() {
    for unavailable in
        [|| Unconfirmed::unavailable("no database"), || Unconfirmed::unavailable("no database").at("/again")]
    {
        let host = host_that(move |_| Err(unavailable()));
        let answer = host.post("tokens", json!({"name": "x"})).await;
        assert_eq!(answer.refused(503), "unavailable");
        assert_eq!(answer.lines("retry-after"), ["5"]);
        assert!(!answer.to_string().contains("no database") && answer.json().get("confirm_at").is_none());
        assert_eq!(host.rows().await, []);
    }
}
