//! A request with as many headers as a map can hold is answered, not a panic, and so is one whose answer has as many
//! (failures 26).
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::convert::Infallible;
use std::future::ready;

use common::door::{bearer, both_shops, knock, lines, with_lines};
use common::remote_store::{Fault, Method};
use common::{issue, owner, remote_shop};
use http::header::{CACHE_CONTROL, RETRY_AFTER, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use personal_tokens::http::{BearerAuthLayer, Refusal, RequireScopeLayer};
use personal_tokens::{Duration, NewToken};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// `http::HeaderMap` holds so many names; one more place is refused, or panics.
const FULL: usize = 24_576;
const EXPIRES: HeaderName = HeaderName::from_static("token-expires");

fn fill(headers: &mut HeaderMap) {
    for n in headers.len()..FULL {
        let name = HeaderName::try_from(format!("x-{n}")).unwrap();
        headers.insert(name, HeaderValue::from_static("7"));
    }
    assert!(headers.try_insert("x-one-more", HeaderValue::from_static("7")).is_err());
}

fn filled(mut request: Request<()>) -> Request<()> {
    fill(request.headers_mut());
    request
}

type Said = (HeaderName, &'static str);
/// Of one header.
type Lines<'a> = &'a [&'a str];

/// An answer with these headers, and no room for more.
fn full_answer(said: &[Said]) -> Response<String> {
    let mut response = Response::new(String::new());
    for (name, value) in said {
        response.headers_mut().append(name, HeaderValue::from_static(value));
    }
    fill(response.headers_mut());
    response
}

#[tokio::test]
async fn a_good_token_in_a_full_map_comes_in() {
    let (tokens, _) = common::shop();
    let issued = issue(&tokens, "sync").await;
    let (answer, calls) = knock(&tokens, filled(bearer(issued.token.expose()))).await;
    assert_eq!((answer.status(), calls), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_full_map_without_a_token_is_401() {
    let (tokens, _) = common::shop();
    let (answer, calls) = knock(&tokens, filled(with_lines(&[]))).await;
    assert_eq!((answer.status(), calls), (StatusCode::UNAUTHORIZED, 0));
}

/// It goes without what the guard would add; what stands there already is replaced.
#[tokio::test]
async fn an_answer_that_is_full_comes_out_as_it_is() {
    for (tokens, _clock) in both_shops() {
        let new = NewToken::new(owner(), "sync").expires_in(Duration::HOUR);
        let issued = tokens.issue(new).await.unwrap();
        let guard = BearerAuthLayer::new(tokens).optional().expiry_header(EXPIRES);
        let good = || bearer(issued.token.expose());
        let stranger = || with_lines(&[]);
        let table: [(&[Said], Request<()>, Lines<'_>, Lines<'_>); 5] = [
            (&[], good(), &[], &[]),
            (&[], stranger(), &[], &[]),
            (&[(VARY, "origin")], stranger(), &["origin"], &[]),
            (&[(VARY, "origin"), (EXPIRES, "soon")], good(), &["origin"], &["2026-01-01T13:00:00Z"]),
            (&[(EXPIRES, "soon")], stranger(), &[], &[]),
        ];
        for (said, request, varies, expires) in table {
            let service = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(full_answer(said))));
            let response = guard.layer(service).oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(lines(response.headers(), "vary"), varies, "{said:?}");
            assert_eq!(lines(response.headers(), EXPIRES.as_str()), expires, "{said:?}");
            assert!(response.headers().len() >= FULL - 1);
        }
    }
}

#[tokio::test]
async fn a_refusal_that_its_renderer_fills_has_its_status_all_the_same() {
    let (tokens, store, _) = remote_shop();
    let reader = issue(&tokens, "reader").await;
    let guard = BearerAuthLayer::new(tokens).optional().expiry_header(EXPIRES);
    let guard = guard.renderer(|_: &Refusal, _: &Parts| full_answer(&[]));
    let service = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::new())));
    let guarded = guard.layer(RequireScopeLayer::new("products:write").unwrap().layer(service));
    let good = || bearer(reader.token.expose());
    for (request, status) in [(with_lines(&[]), 401), (bearer("None"), 401), (bearer(""), 400), (good(), 403)] {
        assert_eq!(guarded.clone().oneshot(request).await.unwrap().status(), status);
    }
    store.fail(Method::Find, Fault::Unavailable);
    assert_eq!(guarded.oneshot(good()).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// A refusal must not be kept by a cache, and a retry is the guard's to time.
#[tokio::test]
async fn what_a_renderer_of_full_answers_says_of_caches_does_not_stand() {
    let (tokens, store, _) = remote_shop();
    let reader = issue(&tokens, "reader").await;
    let renderer = |_: &Refusal, _: &Parts| full_answer(&[(CACHE_CONTROL, "max-age=60"), (RETRY_AFTER, "0")]);
    let guarded = BearerAuthLayer::new(tokens).renderer(renderer).layer(common::door::Counted::default());
    store.fail(Method::Find, Fault::Unavailable);
    let response = guarded.oneshot(bearer(reader.token.expose())).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
    assert_eq!(lines(response.headers(), "retry-after"), ["5"]);
}
