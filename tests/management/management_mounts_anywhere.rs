//! The router answers under any path, nested either way, with and without a slash at the end; to each method it has a
//! route for, and to no other.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use common::management::{Ask, host, person};
use common::{issue, shop};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use personal_tokens::management::{self, Settings};
use tower::ServiceExt as _;

/// Status, headers and body.
async fn answer(app: &Router, path: &str) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(person());
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    (parts.status.as_u16(), parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn it_may_be_nested_or_stand_alone() {
    let tokens = shop().0;
    let id = issue(&tokens, "sync").await.record.id;
    let setup = || management::router(tokens.clone(), Settings::new()).unwrap();
    let own = || Router::new().route("/", get("the host's")).fallback(async || (http::StatusCode::IM_A_TEAPOT, ""));
    let apps = [
        ("/", setup(), &[""][..]),
        ("/setup/tokens", own().nest_service("/setup/tokens", setup()), &["", "/"]),
        ("/setup/tokens", own().nest("/setup/tokens", setup()), &[""]),
        ("/setup/tokens/", own().nest("/setup/tokens/", setup()), &[""]),
        ("/a/b/c", own().nest("/a", Router::new().nest_service("/b/c", setup())), &["", "/"]),
        // The owner's name in the path, as some hosts have it; also where it is called as the token's id is.
        ("/shops/42/tokens", own().nest_service("/shops/{shop}/tokens", setup()), &["", "/"]),
        ("/shops/42", own().nest("/shops/{id}", setup()), &[""]),
        ("/shops/42/AAAAAAAAAAAAAAAA", own().nest_service("/{a}/{b}/{id}", setup()), &["", "/"]),
    ];
    let (_, _, page) = answer(&setup(), "/").await;
    assert!(page.starts_with(b"<!"));
    for (mount, app, ends) in apps {
        for end in ends {
            let (status, headers, body) = answer(&app, &format!("{mount}{end}")).await;
            assert_eq!((status, body == page), (200, true), "{mount}{end}");
            assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        }
        let base = mount.trim_end_matches('/');
        assert_eq!(answer(&app, &format!("{base}/tokens")).await.0, 200, "{mount}");
        assert_eq!(answer(&app, &format!("{base}/tokens/{id}")).await.0, 200, "{mount}");
        assert_eq!(answer(&app, &format!("{base}/tokens/AAAAAAAAAAAAAAAA")).await.0, 404, "{mount}");
        // What is nothing beneath it is answered by it, not by the host.
        let (status, headers, _) = answer(&app, &format!("{base}/nothing/at/all")).await;
        assert_eq!((status, &headers["content-type"]), (404, &"application/problem+json".parse().unwrap()), "{mount}");
    }
}

#[tokio::test]
async fn each_path_takes_its_methods_and_says_which() {
    let host = host();
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    let (one, rotate) = (format!("/tokens/{id}"), format!("/tokens/{id}/rotate"));
    let paths: [(&str, &[&str]); 9] = [
        ("", &["GET", "HEAD"]),
        ("/tokens", &["GET", "HEAD", "POST"]),
        (&one, &["DELETE", "GET", "HEAD", "PATCH"]),
        (&rotate, &["POST"]),
        ("/tokens/revoke-all", &["POST"]),
        ("/scopes", &["GET", "HEAD"]),
        ("/policy", &["GET", "HEAD"]),
        ("/openapi.json", &["GET", "HEAD"]),
        ("/nothing", &[]),
    ];
    for (path, takes) in paths {
        for method in ["OPTIONS", "PUT", "GET", "HEAD", "POST", "PATCH", "TRACE", "BREW", "DELETE"] {
            let ask = Ask { method: method.parse().unwrap(), path: path.to_owned(), body: None };
            let answer = host.ask(&ask).await;
            match (takes.is_empty(), takes.contains(&method)) {
                (true, _) if method == "HEAD" => assert_eq!(answer.status, 404, "HEAD {path}"),
                (true, _) => assert_eq!(answer.refused(404), "not-found", "{method} {path}"),
                (false, true) => assert!(!matches!(answer.status, 404 | 405), "{method} {path}: {answer}"),
                (false, false) => {
                    assert_eq!(answer.status, 405, "{method} {path}: {answer}");
                    let mut allowed: Vec<_> = answer.lines("allow")[0].split(',').collect();
                    allowed.sort_unstable();
                    assert_eq!(allowed, takes, "{method} {path}");
                    assert!(method == "HEAD" || answer.refused(405) == "method-not-allowed");
                }
            }
        }
    }
}

/// A path that lost its id must not reach all of them.
#[tokio::test]
async fn no_delete_reaches_more_than_one_token() {
    let host = host();
    host.issue("sync", &["products:read"]).await;
    let rows = host.rows().await;
    for path in ["", "/", "tokens", "tokens/", "tokens//", "tokens/revoke-all", "tokens/all", "tokens/*", "tokens/%20"]
    {
        let answer = host.delete(path).await;
        assert!(matches!(answer.status, 404 | 405), "DELETE {path}: {answer}");
        assert_eq!(host.rows().await, rows);
    }
}

#[tokio::test]
async fn to_head_it_tells_the_length_and_no_more() {
    let host = host();
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    for ask in Ask::reads(&id) {
        let whole = host.ask(&ask).await;
        let head = host.ask(&Ask { method: Method::HEAD, ..ask.clone() }).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{ask:?}");
        assert_eq!(head.lines("content-length"), [whole.body.len().to_string()], "{ask:?}");
    }
}
