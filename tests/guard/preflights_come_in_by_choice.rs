//! A guard that is told to allow CORS preflights lets them in unseen, and nothing that only looks like one.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::sync::{Arc, Mutex};

use common::door::{Counted, Seen, Who, bearer, both_shops, lines, see, with_lines};
use common::{issue, owner, remote_shop, shop};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderName, ORIGIN};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use personal_tokens::PersonalTokens;
use personal_tokens::http::{BearerAuthLayer, RefusedRequest, RequireScopeLayer};
use tower::util::MapRequestLayer;
use tower::{Layer as _, ServiceExt as _, service_fn};

type Change = fn(Request<()>) -> Request<()>;

/// The request made a preflight.
fn preflight(mut request: Request<()>) -> Request<()> {
    *request.method_mut() = Method::OPTIONS;
    request.headers_mut().insert(ORIGIN, HeaderValue::from_static("https://admin.example"));
    request.headers_mut().insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT"));
    request
}

fn without(mut request: Request<()>, name: HeaderName) -> Request<()> {
    request.headers_mut().remove(name).unwrap();
    request
}

fn with_method(mut request: Request<()>, method: &str) -> Request<()> {
    *request.method_mut() = method.parse().unwrap();
    request
}

/// As layers do that let clients say their method in a header.
fn overridden(request: Request<()>) -> Request<()> {
    let method = request.headers()["x-http-method-override"].to_str().unwrap().to_owned();
    with_method(request, &method)
}

/// Status, and who the handler saw.
async fn send(guard: &BearerAuthLayer, request: Request<()>) -> (u16, Who) {
    let response = guard.layer(service_fn(see)).oneshot(request).await.unwrap();
    (response.status().as_u16(), response.into_body().who)
}

/// The same with a scope layer between the guard and the handler.
async fn send_to_scoped(guard: &BearerAuthLayer, request: Request<()>) -> (u16, Who) {
    let scope = RequireScopeLayer::new("products:read").unwrap();
    let response: Response<Seen> = guard.layer(scope.layer(service_fn(see))).oneshot(request).await.unwrap();
    (response.status().as_u16(), response.into_body().who)
}

fn guard(tokens: &PersonalTokens) -> BearerAuthLayer {
    BearerAuthLayer::new(tokens.clone())
}

#[tokio::test]
async fn a_preflight_comes_in_where_the_guard_allows_it_and_not_else() {
    let (tokens, _clock) = shop();
    let stranger = || preflight(with_lines(&[]));
    assert_eq!(send(&guard(&tokens), stranger()).await, (401, Who::NotAsked));
    let allowing = guard(&tokens).allow_preflights();
    assert_eq!(send(&allowing, stranger()).await, (200, Who::Nobody));
    assert_eq!(send_to_scoped(&allowing, stranger()).await, (200, Who::Nobody));
    // An optional guard lets it past scope layers only if it allows preflights too.
    assert_eq!(send_to_scoped(&guard(&tokens).optional(), stranger()).await, (401, Who::NotAsked));
    assert_eq!(send_to_scoped(&allowing.optional(), stranger()).await, (200, Who::Nobody));
}

#[tokio::test]
async fn what_only_looks_like_a_preflight_is_judged_as_usual() {
    for (tokens, _clock) in both_shops() {
        let allowing = guard(&tokens).allow_preflights();
        let good = issue(&tokens, "good").await;
        let near_misses: [Change; 6] = [
            |request| without(request, ORIGIN),
            |request| without(request, ACCESS_CONTROL_REQUEST_METHOD),
            |request| with_method(request, "GET"),
            |request| with_method(request, "PUT"),
            // Methods are compared with case (RFC 9110 §9.1).
            |request| with_method(request, "options"),
            |request| with_method(request, "OPTIONSX"),
        ];
        for near_miss in near_misses {
            let request = |plain| near_miss(preflight(plain));
            let what = format!("{:?}", request(with_lines(&[])));
            assert_eq!(send(&allowing, request(with_lines(&[]))).await, (401, Who::NotAsked), "{what}");
            assert_eq!(send(&allowing, request(bearer("None"))).await, (401, Who::NotAsked), "{what}");
            let optional = allowing.clone().optional();
            assert_eq!(send(&optional, request(with_lines(&[]))).await, (200, Who::Anonymous), "{what}");
            assert_eq!(send_to_scoped(&optional, request(with_lines(&[]))).await, (401, Who::NotAsked), "{what}");
            let answer = send_to_scoped(&allowing, request(bearer(good.token.expose()))).await;
            assert_eq!(answer, (200, Who::Token("good".to_owned())), "{what}");
        }
    }
}

/// Browsers send none in a preflight. Whoever does gets nothing for it: it is not looked at.
#[tokio::test]
async fn credentials_in_a_preflight_are_not_looked_at() {
    let (tokens, store, _) = remote_shop();
    let good = issue(&tokens, "good").await;
    store.take_calls();
    let allowing = guard(&tokens).allow_preflights();
    let line = format!("Bearer {}", good.token.expose());
    for lines in [&[line.as_bytes()][..], &[b"Bearer None"], &[b"Bearer"], &[b"Bearer x", b"Bearer y"]] {
        let guarded = allowing.layer(service_fn(see));
        let Seen { who, authorization } = guarded.oneshot(preflight(with_lines(lines))).await.unwrap().into_body();
        assert_eq!((who, authorization.len()), (Who::Nobody, lines.len()));
        assert!(authorization.iter().all(HeaderValue::is_sensitive));
    }
    tokens.flush().await.unwrap();
    assert_eq!(store.take_calls(), [], "it was verified, or its use noted");
    assert!(tokens.get(&owner(), good.record.id).await.unwrap().is_some_and(|record| record.last_used.is_none()));
}

#[tokio::test]
async fn what_a_guard_further_out_verified_is_not_seen_in_a_preflight() {
    let (tokens, _clock) = shop();
    let good = issue(&tokens, "good").await;
    let twice = guard(&tokens).layer(guard(&tokens).allow_preflights().layer(service_fn(see)));
    let response = twice.oneshot(preflight(bearer(good.token.expose()))).await.unwrap();
    assert_eq!((response.status(), &response.body().who), (StatusCode::OK, &Who::Nobody));
}

/// Each guard answers for what it let in: the mark of the one further out is gone.
#[tokio::test]
async fn of_two_guards_the_inner_one_says_what_a_preflight_is() {
    let (tokens, _clock) = shop();
    let (allowing, optional) = (guard(&tokens).allow_preflights(), guard(&tokens).optional());
    let scope = RequireScopeLayer::new("products:read").unwrap();
    for (outer, inner, who, scoped) in [
        (&allowing, &optional, Who::Anonymous, (401, Who::NotAsked)),
        (&optional, &allowing, Who::Nobody, (200, Who::Nobody)),
    ] {
        let plain = outer.layer(inner.layer(service_fn(see))).oneshot(preflight(with_lines(&[]))).await.unwrap();
        assert_eq!((plain.status().as_u16(), plain.into_body().who), (200, who));
        let guarded = outer.layer(inner.layer(scope.layer(service_fn(see))));
        let answer = guarded.oneshot(preflight(with_lines(&[]))).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.into_body().who), scoped);
    }
}

/// A guard lets in what looks like a preflight; what a layer made of it afterwards is a request like all.
#[tokio::test]
async fn a_preflight_that_became_another_request_does_not_pass_a_scope_layer() {
    let (tokens, _clock) = shop();
    let becomes: [(Change, u16); 5] = [
        (|request| request, 200),
        (overridden, 401),
        (|request| with_method(request, "GET"), 401),
        (|request| without(request, ORIGIN), 401),
        (|request| without(request, ACCESS_CONTROL_REQUEST_METHOD), 401),
    ];
    for (number, (become_other, status)) in becomes.into_iter().enumerate() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&told);
        let hook = move |refused: &RefusedRequest<'_>| {
            let told = format!("{:?} {:?}", refused.refusal(), refused.token_id());
            book.lock().unwrap().push(told);
        };
        let service = Counted::default();
        let scoped = RequireScopeLayer::new("products:read").unwrap().layer(service.clone());
        let guard = guard(&tokens).allow_preflights().on_refusal(hook);
        let guarded = guard.layer(MapRequestLayer::new(become_other).layer(scoped));
        let mut request = preflight(with_lines(&[]));
        request.headers_mut().insert("x-http-method-override", HeaderValue::from_static("DELETE"));
        let response = guarded.oneshot(request).await.unwrap();
        let refused = status == 401;
        assert_eq!((response.status().as_u16(), service.calls()), (status, usize::from(!refused)), "{number}");
        let challenges = if refused { vec![r#"Bearer realm="api""#] } else { vec![] };
        assert_eq!(lines(response.headers(), "www-authenticate"), challenges, "{number}");
        let heard = if refused { vec!["NoCredentials None".to_owned()] } else { vec![] };
        assert_eq!(*told.lock().unwrap(), heard, "{number}");
    }
}

#[tokio::test]
async fn the_answer_to_a_preflight_is_that_of_the_service() {
    let (tokens, _clock) = shop();
    let expiry = HeaderName::from_static("token-expires");
    let allowing = guard(&tokens).allow_preflights().strip_authorization().expiry_header(expiry);
    let request = || preflight(bearer("None"));
    let response = allowing.layer(service_fn(see)).oneshot(request()).await.unwrap();
    assert_eq!((response.status(), response.headers().len()), (StatusCode::OK, 0));
    assert_eq!(response.body().authorization, [&request().headers()[AUTHORIZATION]]);
    // An optional guard's answers all vary, so that a cache holds by one rule.
    let response = allowing.optional().layer(service_fn(see)).oneshot(request()).await.unwrap();
    assert_eq!(lines(response.headers(), "vary"), ["authorization"]);
}
