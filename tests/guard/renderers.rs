//! A renderer makes the body of a refusal; status, challenge and no-store stay the guard's.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use common::door::{Counted, bearer, lines, with_lines};
use common::forge::{RANDOM_LEN, forge};
use common::remote_store::{Fault, Method, RemoteStore};
use common::{issue, owner, shop};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use personal_tokens::http::{BadRequest, BearerAuthLayer, Refusal};
use personal_tokens::{PersonalTokens, Rejection};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// A renderer that gets wrong all that it can.
fn careless(_: &Refusal, _: &Parts) -> Response<String> {
    Response::builder()
        .status(StatusCode::OK)
        .header(WWW_AUTHENTICATE, r#"Basic realm="old clients""#)
        .header(CACHE_CONTROL, "public")
        .header(CACHE_CONTROL, "max-age=3600")
        .header(RETRY_AFTER, "86400")
        .header(CONTENT_TYPE, "text/plain")
        .body("see https://shop.example/docs/tokens".to_owned())
        .unwrap()
}

#[tokio::test]
async fn a_renderer_adds_a_body_and_challenges_and_overrides_nothing() {
    let store = RemoteStore::default();
    let tokens = PersonalTokens::builder(store.clone()).prefix("shop").build().unwrap();
    let guarded = BearerAuthLayer::new(tokens).renderer(careless).layer(Counted::default());
    let basic = r#"Basic realm="old clients""#;

    let refused = guarded.clone().oneshot(with_lines(&[])).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(lines(refused.headers(), "www-authenticate"), [basic, r#"Bearer realm="api""#]);
    assert_eq!(lines(refused.headers(), "cache-control"), ["no-store"]);
    assert_eq!(lines(refused.headers(), "content-type"), ["text/plain"]);
    assert_eq!(refused.body(), "see https://shop.example/docs/tokens");

    store.fail(Method::Find, Fault::TimedOut);
    let unavailable = guarded.oneshot(bearer(&forge("shop", &[7; RANDOM_LEN]))).await.unwrap();
    assert_eq!(unavailable.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(lines(unavailable.headers(), "retry-after"), ["5"]);
    assert_eq!(lines(unavailable.headers(), "cache-control"), ["no-store"]);
}

#[tokio::test]
async fn a_renderer_is_told_what_was_refused_and_of_which_request() {
    let (tokens, _clock) = shop();
    let revoked = issue(&tokens, "revoked").await;
    tokens.revoke(&owner(), revoked.record.id).await.unwrap();
    let seen: Arc<Mutex<Vec<Refusal>>> = Arc::default();
    let told = Arc::clone(&seen);
    let renderer = move |refusal: &Refusal, request: &Parts| {
        assert_eq!(request.uri.path(), "/api/products");
        told.lock().unwrap().push(refusal.clone());
        Response::new(String::new())
    };
    let guarded = BearerAuthLayer::new(tokens).renderer(renderer).layer(Counted::default());
    let ask = async |mut request: Request<()>| {
        *request.uri_mut() = "/api/products?page=2".parse().unwrap();
        drop(guarded.clone().oneshot(request).await.unwrap());
    };
    ask(with_lines(&[])).await;
    ask(with_lines(&[b"Basic eDp5", b"Basic eDp5"])).await;
    ask(bearer("%%")).await;
    ask(bearer("None")).await;
    ask(bearer(&forge("shop", &[7; RANDOM_LEN]))).await;
    ask(bearer(revoked.token.expose())).await;
    assert!(matches!(
        seen.lock().unwrap()[..],
        [
            Refusal::NoCredentials,
            Refusal::BadRequest(BadRequest::RepeatedHeader),
            Refusal::BadRequest(BadRequest::Grammar),
            Refusal::Rejected(Rejection::Malformed),
            Refusal::Rejected(Rejection::Unknown),
            Refusal::Rejected(Rejection::Revoked),
        ]
    ));
}

/// A host must be able to learn why it answers 503.
#[tokio::test]
async fn a_renderer_is_told_why_no_verdict_was_possible() {
    let store = RemoteStore::default();
    let tokens = PersonalTokens::builder(store.clone()).prefix("shop").scopes(["products:read"]).build().unwrap();
    let issued = issue(&tokens, "till").await;
    store.fail(Method::Find, Fault::Corrupt);
    let seen: Arc<Mutex<Option<Refusal>>> = Arc::default();
    let told = Arc::clone(&seen);
    let renderer = move |refusal: &Refusal, _: &Parts| {
        *told.lock().unwrap() = Some(refusal.clone());
        Response::new(String::new())
    };
    let guarded = BearerAuthLayer::new(tokens).renderer(renderer).layer(Counted::default());
    drop(guarded.oneshot(bearer(issued.token.expose())).await.unwrap());
    let Some(Refusal::Unavailable(error)) = seen.lock().unwrap().take() else { panic!("no 503") };
    assert!(Fault::Corrupt.made(&error));
}

/// So that nothing further in prints it (failures 28).
#[tokio::test]
async fn the_service_and_the_renderer_see_every_authorization_line_marked_sensitive() {
    fn all_sensitive(headers: &HeaderMap) -> String {
        let lines = headers.get_all(AUTHORIZATION);
        assert!(lines.iter().all(|value| value.is_sensitive()));
        format!("{} sensitive", lines.iter().count())
    }
    let (tokens, _clock) = shop();
    let issued = issue(&tokens, "sync").await;
    let renderer = |_: &Refusal, request: &Parts| Response::new(all_sensitive(&request.headers));
    let service =
        service_fn(async |request: Request<()>| Ok::<_, Infallible>(Response::new(all_sensitive(request.headers()))));
    let guarded = BearerAuthLayer::new(tokens).renderer(renderer).layer(service);
    let token = issued.token.expose();
    for (request, status, body) in [
        (bearer(token), 200, "1 sensitive"),
        (bearer("None"), 401, "1 sensitive"),
        (with_lines(&[b"Bearer a", b"Bearer b"]), 400, "2 sensitive"),
    ] {
        let response = guarded.clone().oneshot(request).await.unwrap();
        assert_eq!((response.status().as_u16(), response.body().as_str()), (status, body));
    }
}
