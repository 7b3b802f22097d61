//! Under `acting_as` handlers, extractors and scope layers behave as under a guard that verified such a token, or that let
//! somebody in without one.
#![cfg(all(feature = "memory", feature = "testing", feature = "axum"))]

use crate::common;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use common::{owner, shop};
use http::header::{AUTHORIZATION, VARY};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use personal_tokens::http::{ActingAsLayer, Anonymous, BearerAuthLayer, RequireScopeLayer, acting_as};
use personal_tokens::{ChangeRefused, Duration, InvalidScope, NewToken, VerifiedToken};
use tower::ServiceExt as _;

const PATHS: [&str; 5] = ["/whoami", "/greet", "/read", "/both", "/either"];

async fn whoami(token: VerifiedToken) -> String {
    format!("{token:?}, to the end of {:?}", token.ends())
}

async fn greet(token: Option<VerifiedToken>, anonymous: Option<axum::Extension<Anonymous>>) -> String {
    format!("{:?} {}", token.map(|token| token.owner().clone()), anonymous.is_some())
}

fn routes() -> Router {
    let both = ["products:read", "products:write"];
    Router::new()
        .route("/whoami", get(whoami))
        .route("/greet", get(greet))
        .route("/read", get(greet).layer(RequireScopeLayer::new("products:read").unwrap()))
        .route("/both", get(greet).layer(RequireScopeLayer::all(both).unwrap()))
        .route("/either", get(greet).layer(RequireScopeLayer::any(both).unwrap()))
}

async fn send(app: &Router, path: &str, lines: &[&str]) -> (StatusCode, HeaderMap, String) {
    let request = lines.iter().fold(Request::get(path), |request, line| request.header(AUTHORIZATION, *line));
    let (parts, body) = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, parts.headers, String::from_utf8(body).unwrap())
}

/// Whatever the request carries: nothing of it is looked at.
const CARRIED: [&[&str]; 4] = [&[], &["Basic eDp5"], &["Bearer None"], &["Bearer x", "Bearer y"]];

#[tokio::test]
async fn answers_are_those_of_a_real_guard_header_by_header() {
    let (tokens, _clock) = shop();
    let held: [&[&str]; 4] = [&[], &["products:read"], &["products:write"], &["products:read", "products:write"]];
    let mut statuses = Vec::new();
    for scopes in held {
        let new = NewToken::new(owner(), scopes.join(" and ") + ".").scopes(scopes).expires_in(Duration::HOUR);
        let issued = tokens.issue(new).await.unwrap();
        let real = routes().layer(BearerAuthLayer::new(tokens.clone()));
        let same = routes().layer(ActingAsLayer::new(issued.record.clone()));
        let such = routes().layer(acting_as(owner(), scopes).unwrap());
        for path in PATHS {
            let expected = send(&real, path, &[&format!("Bearer {}", issued.token.expose())]).await;
            statuses.push(expected.0.as_u16());
            for carried in CARRIED {
                assert_eq!(send(&same, path, carried).await, expected, "{path} {scopes:?}");
                // It has a name and an id of its own, which only this route shows.
                if path != "/whoami" {
                    assert_eq!(send(&such, path, carried).await, expected, "{path} {scopes:?}");
                }
            }
        }
        let (status, _, shown) = send(&such, "/whoami", &[]).await;
        assert_eq!(status, StatusCode::OK);
        for part in [&format!("owner: {:?}", owner()), "expiry: Never", "to the end of None"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
    assert_eq!(
        statuses.chunks(5).collect::<Vec<_>>(),
        [[200, 200, 403, 403, 403], [200, 200, 200, 403, 200], [200, 200, 403, 403, 200], [200, 200, 200, 200, 200],]
    );
}

#[tokio::test]
async fn anonymous_answers_are_those_of_an_optional_guard_header_by_header() {
    let (tokens, _clock) = shop();
    let real = routes().layer(BearerAuthLayer::new(tokens).optional());
    let nobody = routes().layer(ActingAsLayer::anonymous());
    let mut statuses = Vec::new();
    for path in PATHS {
        let mut expected = send(&real, path, &[]).await;
        // What caches are told is the guard's business.
        assert_eq!(expected.1.remove(VARY).unwrap(), "authorization");
        statuses.push(expected.0.as_u16());
        for carried in CARRIED {
            assert_eq!(send(&nobody, path, carried).await, expected, "{path}");
        }
    }
    assert_eq!(statuses, [401, 200, 401, 401, 401]);
    assert_eq!(send(&nobody, "/greet", &[]).await.2, "None true");
}

/// Tests of a host put it below the guard that the router has anyway.
#[tokio::test]
async fn below_a_guard_it_alone_says_who_asks() {
    let (tokens, _clock) = shop();
    let issued = common::issue(&tokens, "sync").await;
    let bearer = format!("Bearer {}", issued.token.expose());
    let guard = BearerAuthLayer::new(tokens).optional();
    let someone = routes().layer(acting_as("store-43", ["products:read"]).unwrap()).layer(guard.clone());
    let nobody = routes().layer(ActingAsLayer::anonymous()).layer(guard);
    for carried in [&[][..], &[bearer.as_str()]] {
        let (status, _, shown) = send(&someone, "/greet", carried).await;
        assert_eq!((status, shown.as_str()), (StatusCode::OK, r#"Some("store-43") false"#));
        assert_eq!(send(&someone, "/read", carried).await.0, StatusCode::OK);
        assert_eq!(send(&nobody, "/greet", carried).await.2, "None true");
        assert_eq!(send(&nobody, "/read", carried).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(send(&nobody, "/whoami", carried).await.0, StatusCode::UNAUTHORIZED);
    }
}

#[test]
fn an_owner_or_a_scope_that_breaks_its_rules_is_an_error() {
    assert!(acting_as(42_u64, ["products:read"]).is_ok());
    for owner in ["", "a\nb", "x".repeat(256).as_str()] {
        let refused = acting_as(owner, ["products:read"]).map(drop);
        assert!(matches!(&refused, Err(ChangeRefused::Text(text)) if text.what() == "owner id"), "{refused:?}");
    }
    for (scopes, error) in [
        (["a b", "c"], InvalidScope::Character { found: ' ' }),
        (["", "c"], InvalidScope::Length { bytes: 0 }),
        (["é", "c"], InvalidScope::Character { found: 'é' }),
        (["c", "c"], InvalidScope::Duplicate { scope: personal_tokens::Scope::new("c").unwrap() }),
    ] {
        assert_eq!(acting_as("store-42", scopes).map(drop), Err(ChangeRefused::Scope(error)));
    }
}
