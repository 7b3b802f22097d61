//! Handlers of axum take a `VerifiedToken` or an `Option` of one, under a guard on the router or on one route, which may be
//! an optional one; where a guard is missing, a handler that wants a token stays shut.
#![cfg(all(feature = "memory", feature = "testing", feature = "axum"))]

use crate::common;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::routing::get;
use common::{issue, shop};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN, VARY, WWW_AUTHENTICATE};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use personal_tokens::http::{BearerAuthLayer, NoVerifiedToken, ProblemDetails, RequireScopeLayer};
use personal_tokens::{PersonalTokens, VerifiedToken};
use tower::ServiceExt as _;

async fn whoami(token: VerifiedToken) -> String {
    format!("{} of {}", token.name(), token.owner())
}

async fn greet(token: Option<VerifiedToken>) -> String {
    token.map_or_else(|| "hello, stranger".to_owned(), |token| format!("hello, {}", token.name()))
}

fn routes() -> Router {
    Router::new().route("/whoami", get(whoami)).route("/greet", get(greet))
}

fn guard(tokens: &PersonalTokens) -> BearerAuthLayer {
    BearerAuthLayer::new(tokens.clone())
}

/// Status, challenge and body.
async fn send(app: &Router, method: Method, path: &str, token: Option<&str>) -> (StatusCode, Option<String>, String) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let (parts, body) = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    let challenge = parts.headers.get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, challenge, String::from_utf8(body).unwrap())
}

async fn get_ok(app: &Router, path: &str, token: Option<&str>) -> String {
    let (status, challenge, body) = send(app, Method::GET, path, token).await;
    assert_eq!((status, challenge), (StatusCode::OK, None), "{path}: {body}");
    body
}

async fn assert_refused(app: &Router, path: &str, token: Option<&str>, challenge: &str) {
    let refused = (StatusCode::UNAUTHORIZED, Some(challenge.to_owned()), String::new());
    assert_eq!(send(app, Method::GET, path, token).await, refused, "{path}");
}

const NO_TOKEN: &str = r#"Bearer realm="api""#;
const BAD_TOKEN: &str = r#"Bearer realm="api", error="invalid_token""#;

#[tokio::test]
async fn handlers_under_a_guard_on_the_router_get_the_token() {
    let (tokens, _clock) = shop();
    let issued = issue(&tokens, "Shopify sync").await;
    let app = routes().layer(guard(&tokens));
    assert_eq!(get_ok(&app, "/whoami", Some(issued.token.expose())).await, "Shopify sync of store-42");
    assert_eq!(get_ok(&app, "/greet", Some(issued.token.expose())).await, "hello, Shopify sync");
}

/// An `Option` in a handler opens no door that the guard keeps shut.
#[tokio::test]
async fn under_a_guard_neither_handler_runs_without_a_good_token() {
    let (tokens, _clock) = shop();
    let app = routes().layer(guard(&tokens));
    for path in ["/whoami", "/greet"] {
        assert_refused(&app, path, None, NO_TOKEN).await;
        assert_refused(&app, path, Some("None"), BAD_TOKEN).await;
    }
}

#[tokio::test]
async fn a_guard_on_one_route_guards_that_route_only() {
    let (tokens, _clock) = shop();
    let issued = issue(&tokens, "Shopify sync").await;
    let app = Router::new().route("/whoami", get(whoami).layer(guard(&tokens))).route("/greet", get(greet));
    assert_eq!(get_ok(&app, "/whoami", Some(issued.token.expose())).await, "Shopify sync of store-42");
    assert_refused(&app, "/whoami", None, NO_TOKEN).await;
    // Nobody verified that token, so the handler must not see one.
    assert_eq!(get_ok(&app, "/greet", Some(issued.token.expose())).await, "hello, stranger");
    assert_eq!(get_ok(&app, "/greet", None).await, "hello, stranger");
}

#[tokio::test]
async fn a_handler_that_wants_a_token_stays_shut_without_a_guard() {
    let (tokens, _clock) = shop();
    let issued = issue(&tokens, "Shopify sync").await;
    for token in [None, Some(issued.token.expose())] {
        let (status, challenge, body) = send(&routes(), Method::GET, "/whoami", token).await;
        // Our mistake, not the client's: no challenge could help it.
        assert_eq!((status, challenge), (StatusCode::INTERNAL_SERVER_ERROR, None));
        assert!(!body.contains("Shopify"), "{body}");
    }
}

#[tokio::test]
async fn a_scope_on_one_method_of_a_route_answers_in_the_realm_of_the_guard_on_the_router() {
    let (tokens, _clock) = shop();
    let reader = issue(&tokens, "reader").await;
    let write = RequireScopeLayer::new("products:write").unwrap();
    let app = Router::new()
        .route("/products", axum::routing::post(whoami).layer(write).get(whoami))
        .layer(guard(&tokens).realm("The shop").unwrap());
    let token = Some(reader.token.expose());
    assert_eq!(get_ok(&app, "/products", token).await, "reader of store-42");
    let challenge = r#"Bearer realm="The shop", error="insufficient_scope", scope="products:write""#;
    let refused = (StatusCode::FORBIDDEN, Some(challenge.to_owned()), String::new());
    assert_eq!(send(&app, Method::POST, "/products", token).await, refused);
}

#[tokio::test]
async fn under_an_optional_guard_strangers_reach_the_handlers_that_want_no_token() {
    let (tokens, _clock) = shop();
    let issued = issue(&tokens, "Shopify sync").await;
    let app = routes().layer(guard(&tokens).optional());
    let token = Some(issued.token.expose());
    assert_eq!(get_ok(&app, "/greet", None).await, "hello, stranger");
    assert_eq!(get_ok(&app, "/greet", token).await, "hello, Shopify sync");
    assert_eq!(get_ok(&app, "/whoami", token).await, "Shopify sync of store-42");
    assert_refused(&app, "/whoami", None, NO_TOKEN).await;
    for path in ["/whoami", "/greet"] {
        assert_refused(&app, path, Some("None"), BAD_TOKEN).await;
    }
}

/// Whoever refuses, it is the guard that answers.
#[tokio::test]
async fn a_stranger_at_a_handler_that_wants_a_token_gets_the_guards_own_answer() {
    let (tokens, _clock) = shop();
    let guard = guard(&tokens).realm("The shop").unwrap().renderer(ProblemDetails::new());
    let ask = async |app: Router| {
        let request = Request::get("/whoami").body(Body::empty()).unwrap();
        let (mut parts, body) = app.oneshot(request).await.unwrap().into_parts();
        let varies = parts.headers.remove(VARY);
        ((parts.status, parts.headers, body.collect().await.unwrap().to_bytes()), varies)
    };
    let (by_the_handler, varies) = ask(routes().layer(guard.clone().optional())).await;
    assert_eq!(by_the_handler, ask(routes().layer(guard)).await.0);
    assert_eq!(by_the_handler.0, StatusCode::UNAUTHORIZED);
    assert_eq!(varies.unwrap(), "authorization");
}

/// Where no CORS layer answers it.
#[tokio::test]
async fn a_preflight_at_a_handler_that_wants_a_token_gets_the_guards_own_answer() {
    let (tokens, _clock) = shop();
    let guard = guard(&tokens).realm("The shop").unwrap().renderer(ProblemDetails::new());
    let routes = || Router::new().route("/whoami", axum::routing::any(whoami));
    let ask = async |app: Router| {
        let request = Request::options("/whoami").header(ORIGIN, "https://admin.example");
        let request = request.header(ACCESS_CONTROL_REQUEST_METHOD, "PUT").body(Body::empty()).unwrap();
        let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
    };
    let answer = ask(routes().layer(guard.clone().allow_preflights())).await;
    assert_eq!(answer, ask(routes().layer(guard)).await);
    assert_eq!(answer.0, StatusCode::UNAUTHORIZED);
}

/// What the extractor answers in a request that these layers let in.
async fn no_token(request: Request<Body>, layer: impl FnOnce(Router) -> Router) -> NoVerifiedToken {
    let (sender, receiver) = std::sync::mpsc::channel();
    let handler = get(async move |token: Result<VerifiedToken, NoVerifiedToken>| sender.send(token).unwrap());
    let answer = layer(Router::new().route("/", handler)).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    receiver.try_recv().unwrap().unwrap_err()
}

#[tokio::test]
async fn a_missing_token_tells_whose_mistake_it_is_and_nothing_of_the_request() {
    let (tokens, _clock) = shop();
    let request = || {
        let request = Request::get("/?q=canary").header("cookie", "session=canary").header("x-canary", "canary");
        request.header(AUTHORIZATION, "Basic canary").extension("canary").body(Body::empty()).unwrap()
    };
    let optional = guard(&tokens).optional();
    let stranger = no_token(request(), |routes| routes.layer(optional)).await;
    let unguarded = no_token(request(), |routes| routes).await;
    assert_eq!([stranger.is_anonymous(), unguarded.is_anonymous()], [true, false]);
    assert_eq!(stranger.to_string(), "this handler wants a token, and the request came without one");
    assert_eq!(unguarded.to_string(), "this handler wants a verified token: mount a BearerAuthLayer above it");
    assert_eq!(format!("{stranger:?}"), "NoVerifiedToken { is_anonymous: true, .. }");
    assert_eq!(format!("{unguarded:?}"), "NoVerifiedToken { is_anonymous: false, .. }");
    assert_eq!(unguarded.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
}
