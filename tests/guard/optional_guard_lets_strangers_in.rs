//! An optional guard lets in who brings no bearer token, marked as anonymous, and still judges every token; each of its
//! answers says that it depends on `Authorization`.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::convert::Infallible;
use std::future::ready;

use common::door::{Counted, Seen, Who, bearer, both_shops, lines, see, with_lines};
use common::forge::{RANDOM_LEN, forge};
use common::remote_store::{Fault, Method};
use common::{issue, owner, remote_shop, shop};
use http::header::{AUTHORIZATION, COOKIE, VARY};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use personal_tokens::http::{BearerAuthLayer, Refusal, RequireScopeLayer};
use personal_tokens::{Duration, NewToken};
use tower::util::MapRequestLayer;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

const NO_TOKEN: &str = r#"Bearer realm="api""#;
const UNKNOWN: &str = r#"Bearer realm="api", error="invalid_token""#;
const EXPIRED: &str = r#"Bearer realm="api", error="invalid_token", error_description="the token expired""#;
const GRAMMAR: &str =
    r#"Bearer realm="api", error="invalid_request", error_description="the credentials are not Bearer and one token""#;
const REPEATED: &str =
    r#"Bearer realm="api", error="invalid_request", error_description="the credentials are given more than once""#;

/// Of one header.
type Lines<'a> = &'a [&'a [u8]];

enum Answer {
    /// By an optional guard; another answers 401.
    Anonymous,
    Token,
    Refused(u16, &'static str),
}

use Answer::{Anonymous, Refused, Token};

async fn send<S>(guarded: S, lines: Lines<'_>) -> Response<Seen>
where
    S: Service<Request<()>, Response = Response<Seen>, Error = Infallible>,
{
    guarded.oneshot(with_lines(lines)).await.unwrap()
}

#[tokio::test]
async fn each_situation_has_its_answer_and_each_answer_varies_by_authorization() {
    for (tokens, clock) in both_shops() {
        let expired = NewToken::new(owner(), "expired").expires_in(Duration::HOUR);
        let expired = tokens.issue(expired).await.unwrap();
        clock.advance(Duration::HOUR);
        let good = issue(&tokens, "good").await;
        let line = |token: &str| format!("Bearer {token}").into_bytes();
        let (good, expired) = (line(good.token.expose()), line(expired.token.expose()));
        let unknown = line(&forge("shop", &[7; RANDOM_LEN]));
        let table: &[(Lines<'_>, Answer)] = &[
            (&[], Anonymous),
            (&[b""], Anonymous),
            (&[b" \t"], Anonymous),
            (&[b"Basic eDp5"], Anonymous),
            (&[b"Negotiate"], Anonymous),
            // What another scheme's credentials look like is not this guard's business.
            (&[b"Digest username=\"x\", nonce=\"\xff\""], Anonymous),
            (&[&good], Token),
            (&[b"Bearer"], Refused(400, GRAMMAR)),
            (&[b"Bearer two words"], Refused(400, GRAMMAR)),
            (&[b"\xff"], Refused(400, GRAMMAR)),
            (&[b"Basic eDp5", b"Basic eDp5"], Refused(400, REPEATED)),
            (&[b"Basic eDp5", &good], Refused(400, REPEATED)),
            (&[b"", b""], Refused(400, REPEATED)),
            (&[b"Bearer None"], Refused(401, UNKNOWN)),
            (&[&unknown], Refused(401, UNKNOWN)),
            (&[&expired], Refused(401, EXPIRED)),
        ];
        let strict = BearerAuthLayer::new(tokens.clone()).layer(service_fn(see));
        let optional = BearerAuthLayer::new(tokens).optional().layer(service_fn(see));
        for (sent, answer) in table {
            let response = send(optional.clone(), sent).await;
            let (status, challenges, who) = match answer {
                Anonymous => (200, vec![], Who::Anonymous),
                Token => (200, vec![], Who::Token("good".to_owned())),
                Refused(status, challenge) => (*status, vec![*challenge], Who::NotAsked),
            };
            let what = String::from_utf8_lossy(sent.first().unwrap_or(&&b"nothing"[..]));
            assert_eq!(response.status(), status, "{what}");
            assert_eq!(lines(response.headers(), "www-authenticate"), challenges, "{what}");
            assert_eq!(lines(response.headers(), "vary"), ["authorization"], "{what}");
            // The credentials reach the service as they were sent.
            let untouched = if status == 200 { sent } else { &[][..] };
            let untouched = untouched.iter().map(|line| HeaderValue::from_bytes(line).unwrap()).collect();
            assert_eq!(*response.body(), Seen { who, authorization: untouched }, "{what}");

            let response = send(strict.clone(), sent).await;
            let strictly = if matches!(answer, Anonymous) { 401 } else { status };
            assert_eq!(response.status(), strictly, "{what}");
            assert_eq!(lines(response.headers(), "vary"), [""; 0], "{what}");
        }
    }
}

#[tokio::test]
async fn a_failing_store_makes_nobody_anonymous() {
    let (tokens, store, _) = remote_shop();
    let good = issue(&tokens, "good").await;
    store.fail(Method::Find, Fault::Unavailable);
    let guarded = BearerAuthLayer::new(tokens).optional().layer(service_fn(see));
    let response = guarded.oneshot(bearer(good.token.expose())).await.unwrap();
    assert_eq!((response.status(), &response.body().who), (StatusCode::SERVICE_UNAVAILABLE, &Who::NotAsked));
    assert_eq!(lines(response.headers(), "vary"), ["authorization"]);
}

#[tokio::test]
async fn what_an_answer_varies_by_already_is_kept_and_not_said_twice() {
    let table: &[(Lines<'_>, Lines<'_>)] = &[
        (&[], &[b"authorization"]),
        (&[b""], &[b"", b"authorization"]),
        (&[b"origin"], &[b"origin", b"authorization"]),
        (&[b"origin", b"accept"], &[b"origin", b"accept", b"authorization"]),
        (&[b"Authorization"], &[b"Authorization"]),
        (&[b"origin ,\tAUTHORIZATION , accept"], &[b"origin ,\tAUTHORIZATION , accept"]),
        (&[b"origin", b"authorization"], &[b"origin", b"authorization"]),
        (&[b"*"], &[b"*"]),
        (&[b"origin, *"], &[b"origin, *"]),
        (&[b"proxy-authorization, x*"], &[b"proxy-authorization, x*", b"authorization"]),
        (&[b"\xff"], &[b"\xff", b"authorization"]),
    ];
    let (tokens, _clock) = shop();
    for (said, varies) in table {
        let answer = move || {
            let said = said.iter().fold(Response::builder(), |response, line| response.header(VARY, *line));
            said.body(String::new()).unwrap()
        };
        let service = service_fn(move |_: Request<()>| ready(Ok::<_, Infallible>(answer())));
        let guard = BearerAuthLayer::new(tokens.clone()).renderer(move |_: &Refusal, _: &Parts| answer()).optional();
        let guarded = guard.layer(service);
        for (request, status) in [(with_lines(&[]), 200), (bearer("None"), 401)] {
            let response = guarded.clone().oneshot(request).await.unwrap();
            let lines: Vec<_> = response.headers().get_all(VARY).iter().map(HeaderValue::as_bytes).collect();
            assert_eq!((response.status().as_u16(), lines.as_slice()), (status, *varies));
        }
    }
}

#[tokio::test]
async fn what_a_guard_further_out_verified_is_not_seen_by_who_comes_in_as_anonymous() {
    for (tokens, _clock) in both_shops() {
        let good = issue(&tokens, "good").await;
        let inner = BearerAuthLayer::new(tokens.clone()).optional().layer(service_fn(see));
        let twice = BearerAuthLayer::new(tokens).strip_authorization().layer(inner);
        let response = twice.oneshot(bearer(good.token.expose())).await.unwrap();
        assert_eq!((response.status(), &response.body().who), (StatusCode::OK, &Who::Anonymous));
    }
}

/// A layer of the host's that reads credentials of its own, of which the guard further out knows nothing.
#[tokio::test]
async fn whom_a_guard_further_out_called_anonymous_is_not_to_one_that_verifies_a_token() {
    for (tokens, _clock) in both_shops() {
        let good = issue(&tokens, "good").await;
        let from_cookie = MapRequestLayer::new(|mut request: Request<()>| {
            let value = request.headers()[COOKIE].clone();
            request.headers_mut().insert(AUTHORIZATION, value);
            request
        });
        let read = RequireScopeLayer::new("products:read").unwrap();
        let outer = BearerAuthLayer::new(tokens.clone()).optional();
        for inner in [BearerAuthLayer::new(tokens.clone()), outer.clone()] {
            let guarded = outer.layer(from_cookie.layer(inner.layer(read.layer(service_fn(see)))));
            let request =
                Request::builder().header(COOKIE, format!("Bearer {}", good.token.expose())).body(()).unwrap();
            let response = guarded.oneshot(request).await.unwrap();
            assert_eq!((response.status(), &response.body().who), (StatusCode::OK, &Who::Token("good".to_owned())));
        }
    }
}

#[tokio::test]
async fn a_scope_layer_below_answers_strangers_as_the_guard_would() {
    let (tokens, _clock) = shop();
    let good = issue(&tokens, "good").await;
    let renderer = |refusal: &Refusal, _: &Parts| Response::new(format!("{}, see the docs", refusal.status()));
    let guard = BearerAuthLayer::new(tokens).realm("The shop").unwrap().renderer(renderer);
    let read = RequireScopeLayer::new("products:read").unwrap();
    let service = Counted::default();
    let optional = guard.clone().optional().layer(read.layer(service.clone()));
    for request in [with_lines(&[]), with_lines(&[b"Basic eDp5"])] {
        let mut response = optional.clone().oneshot(request).await.unwrap();
        assert_eq!(lines(response.headers(), "vary"), ["authorization"]);
        // Else it is what a guard that is not optional says.
        response.headers_mut().remove(VARY);
        let strict = guard.layer(read.layer(service.clone())).oneshot(with_lines(&[])).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!((response.status(), response.headers()), (strict.status(), strict.headers()));
        assert_eq!(response.body(), "401 Unauthorized, see the docs");
        assert_eq!(lines(response.headers(), "www-authenticate"), [NO_TOKEN.replace("api", "The shop")]);
    }
    assert_eq!(service.calls(), 0);
    assert_eq!(optional.oneshot(bearer(good.token.expose())).await.unwrap().status(), StatusCode::OK);
}
