//! A request with a bearer token, good or spoilt, on whichever line, or one that a guard above let in with a token, is
//! refused on every route, though a person is signed in: whoever steals a token makes no other of it.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

mod common;

use axum::body::Body;
use common::management::{Ask, Host, host};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use personal_tokens::VerifiedToken;
use personal_tokens::http::BearerAuthLayer;
use std::convert::Infallible;
use tower::{Layer as _, ServiceExt as _, service_fn};

/// A token that works, its id, and the host.
async fn with_token() -> (Host, String, String) {
    let host = host();
    let issued = host.issue("sync", &["products:read", "products:write"]).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (host, text(&issued["token"]), text(&issued["record"]["id"]))
}

fn with_lines(ask: &Ask, lines: &[Vec<u8>]) -> Request<Body> {
    let mut request = ask.request();
    for line in lines {
        request.headers_mut().append(AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
    }
    request
}

#[tokio::test]
async fn a_bearer_token_is_refused_on_every_route() {
    let (host, token, id) = with_token().await;
    let rows = host.rows().await;
    let line = |text: &str| text.replace("TOKEN", &token).into_bytes();
    let one = |text: &str| vec![line(text)];
    let presented = [
        one("Bearer TOKEN"),
        one("bearer TOKEN"),
        one("BEARER   TOKEN"),
        one("  Bearer TOKEN\t"),
        // Spoilt, so that a guard might not know it.
        one("Bearer"),
        one("Bearer nonsense"),
        one("Bearer\tTOKEN"),
        one("Bearer=TOKEN"),
        one("Bearer, TOKEN"),
        one("Bearer TOKEN TOKEN"),
        vec![b"Bearer \xff\x80".to_vec()],
        // On another line.
        vec![line("Basic eDp5"), line("Bearer TOKEN")],
        vec![line(""), line("Digest x"), line("bearer TOKEN")],
        vec![line("Bearer TOKEN"), line("Bearer TOKEN")],
        // On one line that was several.
        one("Basic eDp5, Bearer TOKEN"),
        one("Basic eDp5,bearer TOKEN,Digest x"),
        one(",Bearer TOKEN"),
    ];
    host.store.take_calls();
    for ask in Ask::each(&id) {
        for lines in &presented {
            let answer = host.send(with_lines(&ask, lines)).await;
            assert_eq!(answer.refused(403), "bearer-token", "{ask:?} {lines:?}");
        }
    }
    assert_eq!(host.store.take_calls(), []);
    assert_eq!(host.rows().await, rows);
}

#[tokio::test]
async fn a_token_that_a_guard_verified_is_refused_on_every_route() {
    let (host, token, id) = with_token().await;
    let rows = host.rows().await;
    let guard = BearerAuthLayer::new(host.tokens.clone());
    // Each leaves the token in the extensions; one takes it from the header too.
    for guard in [guard.clone(), guard.clone().optional(), guard.optional().strip_authorization()] {
        for ask in Ask::each(&id) {
            let inner = host.clone();
            let seen = service_fn(move |request: Request<Body>| {
                let host = inner.clone();
                async move {
                    assert!(request.extensions().get::<VerifiedToken>().is_some());
                    Ok::<_, Infallible>(Response::new(Body::from(host.send(request).await.refused(403))))
                }
            });
            let request = with_lines(&ask, &[format!("Bearer {token}").into_bytes()]);
            let answer = guard.layer(seen).oneshot(request).await.unwrap();
            assert_eq!(answer.status(), 200, "the guard let it in");
            let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
            assert_eq!(body, "bearer-token", "{ask:?}");
        }
    }
    assert_eq!(host.rows().await, rows);
}

/// A proxy's own, say: it is nobody's token.
#[tokio::test]
async fn another_scheme_is_none_of_the_routers_business() {
    for line in ["Basic eDp5", "Digest username=\"bearer\"", "Bearers x", "NotBearer x", "Negotiate Bearer", ""] {
        let (host, _, id) = with_token().await;
        for ask in Ask::each(&id) {
            let answer = host.send(with_lines(&ask, &[line.as_bytes().to_vec()])).await;
            assert!(matches!(answer.status, 200 | 201), "{line:?} {ask:?}: {answer}");
        }
    }
}
