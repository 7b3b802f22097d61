//! By choice, answers to a good token tell in a header when it ends, and no others do.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::convert::Infallible;
use std::future::ready;

use common::door::{bearer, both_shops, lines, with_lines};
use common::{issue, owner};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::request::Parts;
use http::{HeaderName, Request, Response};
use personal_tokens::http::{BearerAuthLayer, Refusal, RequireScopeLayer};
use personal_tokens::{Duration, Issued, NewToken, PersonalTokens, Rotation};
use tower::{Layer as _, ServiceExt as _, service_fn};

const HEADER: HeaderName = HeaderName::from_static("token-expires");

async fn lasting(tokens: &PersonalTokens, name: &str, span: Duration) -> Issued {
    let new = NewToken::new(owner(), name).scopes(["products:read"]).expires_in(span);
    tokens.issue(new).await.unwrap()
}

/// The predecessor, in its grace.
async fn in_grace(tokens: &PersonalTokens, old: Issued, grace: Duration) -> Issued {
    tokens.rotate(&owner(), old.record.id, Rotation::new().grace(grace)).await.unwrap();
    old
}

/// The header's lines in the answer of the guard with these further choices, over a service that sets `inner`.
async fn told<R>(guard: &BearerAuthLayer<R>, inner: &'static [&'static str], request: Request<()>) -> (u16, Vec<String>)
where
    R: personal_tokens::http::RenderRefusal<String> + Clone + 'static,
{
    let service = service_fn(|_: Request<()>| {
        let response = inner.iter().fold(Response::builder(), |response, line| response.header(HEADER, *line));
        ready(Ok::<_, Infallible>(response.body(String::new()).unwrap()))
    });
    let response = guard.layer(service).oneshot(request).await.unwrap();
    let told = lines(response.headers(), HEADER.as_str()).into_iter().map(str::to_owned).collect();
    (response.status().as_u16(), told)
}

#[tokio::test]
async fn the_instant_is_the_expiry_or_the_end_of_the_grace_whichever_comes_first() {
    for (tokens, _clock) in both_shops() {
        let table = [
            (lasting(&tokens, "an hour", Duration::HOUR).await, Some("2026-01-01T13:00:00Z")),
            (lasting(&tokens, "odd", Duration::new(3_600, 1_000)).await, Some("2026-01-01T13:00:00Z")),
            (lasting(&tokens, "almost", Duration::new(3_600, 999_999_000)).await, Some("2026-01-01T13:00:00Z")),
            (issue(&tokens, "never").await, None),
            (in_grace(&tokens, issue(&tokens, "a").await, Duration::minutes(5)).await, Some("2026-01-01T12:05:00Z")),
            (
                in_grace(&tokens, lasting(&tokens, "b", Duration::HOUR).await, Duration::minutes(30)).await,
                Some("2026-01-01T12:30:00Z"),
            ),
            (
                in_grace(&tokens, lasting(&tokens, "c", Duration::HOUR).await, Duration::DAY).await,
                Some("2026-01-01T13:00:00Z"),
            ),
        ];
        let telling = BearerAuthLayer::new(tokens).expiry_header(HEADER);
        for (issued, instant) in table {
            let (status, told) = told(&telling, &[], bearer(issued.token.expose())).await;
            assert_eq!(
                (status, told.as_slice()),
                (200, instant.map(str::to_owned).as_slice()),
                "{}",
                issued.record.name
            );
        }
    }
}

#[tokio::test]
async fn it_stands_in_the_place_of_what_the_service_said() {
    for (tokens, _clock) in both_shops() {
        let token = lasting(&tokens, "an hour", Duration::HOUR).await;
        let request = || bearer(token.token.expose());
        let silent = BearerAuthLayer::new(tokens);
        assert_eq!(told(&silent, &[], request()).await, (200, vec![]));
        assert_eq!(told(&silent, &["soon", "late"], request()).await.1, ["soon", "late"]);
        assert_eq!(told(&silent.expiry_header(HEADER), &["soon", "late"], request()).await.1, ["2026-01-01T13:00:00Z"]);
    }
}

/// A header of this name means what the guard says by it, or nothing.
#[tokio::test]
async fn where_there_is_no_end_to_tell_of_nobody_else_tells_of_one() {
    const SAID: &[&str] = &["soon", "late"];
    for (tokens, _clock) in both_shops() {
        let never = issue(&tokens, "never").await;
        let renderer = |_: &Refusal, _: &Parts| Response::builder().header(HEADER, "soon").body(String::new()).unwrap();
        let silent = BearerAuthLayer::new(tokens).renderer(renderer).optional().allow_preflights();
        let preflight = || {
            let request = Request::options("/").header(ORIGIN, "https://admin.example");
            request.header(ACCESS_CONTROL_REQUEST_METHOD, "PUT").body(()).unwrap()
        };
        for (request, status) in
            [(bearer(never.token.expose()), 200), (with_lines(&[]), 200), (preflight(), 200), (bearer("None"), 401)]
        {
            let said = if status == 200 { SAID } else { &SAID[..1] };
            assert_eq!(told(&silent, SAID, request.clone()).await.1, said);
            assert_eq!(told(&silent.clone().expiry_header(HEADER), SAID, request).await, (status, vec![]));
        }
    }
}

#[tokio::test]
async fn who_brings_no_good_token_is_told_nothing() {
    for (tokens, clock) in both_shops() {
        let short = lasting(&tokens, "short", Duration::HOUR).await;
        let telling = BearerAuthLayer::new(tokens.clone()).expiry_header(HEADER);
        let optional = telling.clone().optional();
        assert_eq!(told(&optional, &[], with_lines(&[])).await, (200, vec![]));
        assert_eq!(told(&telling, &[], with_lines(&[])).await, (401, vec![]));
        assert_eq!(told(&telling, &[], bearer("None")).await, (401, vec![]));
        clock.advance(Duration::HOUR);
        assert_eq!(told(&telling, &[], bearer(short.token.expose())).await, (401, vec![]));
    }
}

/// It is the token that is good, whatever the route thinks of it.
#[tokio::test]
async fn a_good_token_that_lacks_a_scope_is_told_too() {
    for (tokens, _clock) in both_shops() {
        let reader = lasting(&tokens, "reader", Duration::HOUR).await;
        let service = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::new())));
        let scoped = RequireScopeLayer::new("products:write").unwrap().layer(service);
        let guarded = BearerAuthLayer::new(tokens).expiry_header(HEADER).layer(scoped);
        let response = guarded.oneshot(bearer(reader.token.expose())).await.unwrap();
        assert_eq!(response.status(), 403);
        assert_eq!(lines(response.headers(), HEADER.as_str()), ["2026-01-01T13:00:00Z"]);
    }
}
