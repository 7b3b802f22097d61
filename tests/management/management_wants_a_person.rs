//! Without a person in the request's extensions nothing is answered but 401, whatever is asked for, and the store is
//! not asked.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use axum::body::Body;
use common::management::{Answer, Ask, Host, MOUNT, host, host_with};
use http::{Method, Request};
use personal_tokens::management::Settings;
use serde_json::json;

/// Each route, and what is none.
fn requests(id: &str) -> Vec<Request<Body>> {
    let mut requests: Vec<_> = Ask::each(id).iter().map(Ask::request).collect();
    let paths = ["", "/", "/tokens", "/tokens/", &format!("/tokens/{id}"), "/openapi.json", "/nothing", "/tokens/%FF"];
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::POST, Method::DELETE] {
        let request = |path: &&str| {
            let request = Request::builder().method(&method).uri(format!("{MOUNT}{path}"));
            // Of no other page's, without a body, with a token: this is judged later.
            request.header("sec-fetch-site", "cross-site").header("authorization", "Bearer shop_x")
        };
        requests.extend(paths.iter().map(|path| request(path).body(Body::empty()).unwrap()));
    }
    requests
}

fn is_refused(answer: &Answer, what: &str, sign_in: Option<&str>) {
    assert_eq!(answer.status, 401, "{what}: {answer}");
    assert_eq!(answer.lines("www-authenticate"), ["Session realm=\"personal tokens\""], "{what}");
    if !what.starts_with("HEAD") {
        assert_eq!(answer.refused(401), "unauthenticated", "{what}");
        assert_eq!(answer.json().get("sign_in").and_then(|url| url.as_str()), sign_in, "{what}");
    }
}

async fn check(host: &Host, sign_in: Option<&str>) {
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    let rows = host.rows().await;
    host.store.take_calls();
    for request in requests(&id) {
        let what = format!("{} {}", request.method(), request.uri());
        is_refused(&host.without_session().send(request).await, &what, sign_in);
    }
    assert_eq!(host.store.take_calls(), []);
    assert_eq!(host.rows().await, rows);
}

#[tokio::test]
async fn without_one_every_request_is_refused_and_does_nothing() {
    check(&host(), None).await;
}

#[tokio::test]
async fn it_says_where_to_sign_in_if_the_host_told() {
    for url in ["/sign-in", "https://id.shop.example/sign-in?for=tokens"] {
        check(&host_with(|builder| builder, Settings::new().sign_in(url)), Some(url)).await;
    }
}

/// The control: the same requests do what they ask for.
#[tokio::test]
async fn with_one_each_route_answers() {
    let host = host();
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    for ask in Ask::each(&id) {
        let answer = host.ask(&ask).await;
        assert!(matches!(answer.status, 200 | 201), "{ask:?}: {answer}");
    }
    assert_eq!(host.get("tokens?state=active").await.is(200), json!({"tokens": [], "next": null}));
}
