//! A guard's hooks are told of each refused request once, with the true reason, and whose token it was where the secret was
//! proven; of others they are not told.
#![cfg(all(feature = "memory", feature = "testing", feature = "axum"))]

use crate::common;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::routing::get;
use common::door::{Counted, bearer, both_shops, lines, with_lines};
use common::forge::{RANDOM_LEN, forge, random_of};
use common::remote_store::{Fault, Method};
use common::{issue, other_owner, owner, remote_shop, shop};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, COOKIE, ORIGIN};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use personal_tokens::http::{BadRequest, BearerAuthLayer, NoVerifiedToken, Refusal, RefusedRequest, RequireScopeLayer};
use personal_tokens::{Duration, NewToken, OwnerId, Rejection, Rotation, TokenId, VerifiedToken};
use tower::util::MapResponseLayer;
use tower::{Layer as _, ServiceExt as _, service_fn};

#[derive(Clone, Debug, PartialEq)]
struct Told {
    reason: Reason,
    whose: Option<(TokenId, OwnerId)>,
    path: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Reason {
    NoCredentials,
    BadRequest(BadRequest),
    Rejected(Rejection),
    MissingScope(String),
    Unavailable,
}

/// What a hook was told. Clones are one book.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<Told>>>);

impl Book {
    fn hook(&self) -> impl Fn(&RefusedRequest<'_>) + use<> {
        let told = Arc::clone(&self.0);
        move |refused| {
            let reason = match refused.refusal() {
                Refusal::NoCredentials => Reason::NoCredentials,
                Refusal::BadRequest(bad) => Reason::BadRequest(*bad),
                Refusal::Rejected(rejection) => Reason::Rejected(*rejection),
                Refusal::MissingScope(required) => Reason::MissingScope(required.scopes().to_string()),
                Refusal::Unavailable(error) => {
                    assert!(Fault::Corrupt.made(error));
                    Reason::Unavailable
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(refused.token_id().is_some(), refused.owner().is_some());
            let whose = refused.token_id().zip(refused.owner().cloned());
            told.lock().unwrap().push(Told { reason, whose, path: refused.parts().uri.path().to_owned() });
        }
    }

    fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// What was told since, of one request.
    #[track_caller]
    fn only(&self) -> Told {
        let told = self.take();
        <[Told; 1]>::try_from(told).map(|[told]| told).unwrap_or_else(|told| panic!("not once: {told:?}"))
    }
}

fn asking_for(path: &str, mut request: Request<()>) -> Request<()> {
    *request.uri_mut() = path.parse().unwrap();
    request
}

#[tokio::test]
async fn each_refusal_is_told_once_with_its_true_reason() {
    for (tokens, clock) in both_shops() {
        let issue = async |owner: OwnerId, name| {
            let new = NewToken::new(owner, name).scopes(["products:read"]).expires_in(Duration::HOUR);
            let issued = tokens.issue(new).await.unwrap();
            let whose = (issued.record.id, issued.record.owner.clone());
            (issued.token.expose().to_owned(), whose)
        };
        let (expired, whose_expired) = issue(other_owner(), "expired").await;
        let (revoked, whose_revoked) = issue(owner(), "revoked").await;
        let (rotated, whose_rotated) = issue(owner(), "rotated").await;
        tokens.revoke(&owner(), whose_revoked.0).await.unwrap();
        tokens.rotate(&owner(), whose_rotated.0, Rotation::new()).await.unwrap();
        clock.advance(Duration::HOUR);
        let (reader, whose_reader) = issue(owner(), "reader").await;
        let with_another_secret = |token: &str| {
            let mut random = random_of(token);
            random[RANDOM_LEN - 1] ^= 1;
            bearer(&forge("shop", &random))
        };
        let rejected = Reason::Rejected;
        let table = [
            (with_lines(&[]), Reason::NoCredentials, None),
            (with_lines(&[b"Basic eDp5"]), Reason::NoCredentials, None),
            (with_lines(&[b"Bearer"]), Reason::BadRequest(BadRequest::Grammar), None),
            (with_lines(&[b"Bearer x", b"Bearer x"]), Reason::BadRequest(BadRequest::RepeatedHeader), None),
            // The client cannot tell these two apart.
            (bearer("None"), rejected(Rejection::Malformed), None),
            (bearer(&forge("shop", &[7; RANDOM_LEN])), rejected(Rejection::Unknown), None),
            // Anybody may know an id.
            (with_another_secret(&reader), rejected(Rejection::Unknown), None),
            (with_another_secret(&expired), rejected(Rejection::Unknown), None),
            (with_another_secret(&revoked), rejected(Rejection::Unknown), None),
            (bearer(&expired), rejected(Rejection::Expired), Some(whose_expired)),
            (bearer(&revoked), rejected(Rejection::Revoked), Some(whose_revoked)),
            (bearer(&rotated), rejected(Rejection::Rotated), Some(whose_rotated)),
            (bearer(&reader), Reason::MissingScope("products:write".to_owned()), Some(whose_reader)),
        ];
        let (book, second) = (Book::default(), Book::default());
        // All hooks that were given, whatever was chosen after them.
        let guard = BearerAuthLayer::new(tokens.clone()).on_refusal(book.hook()).realm("The shop").unwrap();
        let renderer = |_: &Refusal, _: &http::request::Parts| Response::new(String::new());
        let guard = guard.renderer(renderer).on_refusal(second.hook()).strip_authorization();
        let write = RequireScopeLayer::new("products:write").unwrap();
        let guarded = guard.layer(write.layer(Counted::default()));
        for (number, (request, reason, whose)) in table.into_iter().enumerate() {
            let path = format!("/api/products/{number}");
            let response = guarded.clone().oneshot(asking_for(&path, request)).await.unwrap();
            assert!(response.status().is_client_error());
            let told = book.only();
            assert_eq!(told, Told { reason, whose, path });
            assert_eq!(second.only(), told);
        }
    }
}

#[tokio::test]
async fn why_no_verdict_was_possible_is_told() {
    let (tokens, store, _) = remote_shop();
    let good = issue(&tokens, "good").await;
    store.fail(Method::Find, Fault::Corrupt);
    let book = Book::default();
    let guarded = BearerAuthLayer::new(tokens).on_refusal(book.hook()).layer(Counted::default());
    let response = guarded.oneshot(asking_for("/till", bearer(good.token.expose()))).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(book.only(), Told { reason: Reason::Unavailable, whose: None, path: "/till".to_owned() });
}

#[tokio::test]
async fn a_hook_sees_the_head_of_the_request() {
    let (tokens, _clock) = shop();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let book = Arc::clone(&seen);
    let hook = move |refused: &RefusedRequest<'_>| {
        let http::request::Parts { method, uri, headers, extensions, .. } = refused.parts();
        book.lock().unwrap().push(format!("{method} {uri} {headers:?} {:?}", extensions.get::<u8>()));
    };
    let mut request = bearer("None");
    *request.method_mut() = http::Method::DELETE;
    request.extensions_mut().insert(7_u8);
    let guarded = BearerAuthLayer::new(tokens).on_refusal(hook).layer(Counted::default());
    guarded.oneshot(asking_for("/a?b=c", request)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [r#"DELETE /a?b=c {"authorization": Sensitive} Some(7)"#]);
}

/// The scope layer cannot make an answer as the guard would, so the guard learns of its refusal from the answer.
#[tokio::test]
async fn a_refusal_below_a_layer_that_changes_the_bodys_type_is_told_once_too() {
    for (tokens, _clock) in both_shops() {
        let reader = issue(&tokens, "reader").await;
        let whose = (reader.record.id, owner());
        let (book, outer) = (Book::default(), Book::default());
        let write = RequireScopeLayer::new("products:write").unwrap();
        let between = MapResponseLayer::new(|response: Response<String>| response.map(String::into_bytes));
        let changed = between.layer(write.layer(Counted::default()));
        let guard = BearerAuthLayer::new(tokens).optional();
        // The answer passes two guards; it is the inner one that let the request in.
        let inner = guard.clone().on_refusal(book.hook()).layer(changed);
        let guarded = guard.on_refusal(outer.hook()).layer(inner);
        let path = || "/api/products".to_owned();
        for (request, status, reason, whose) in [
            (bearer(reader.token.expose()), 403, Reason::MissingScope("products:write".to_owned()), Some(whose)),
            (with_lines(&[]), 401, Reason::NoCredentials, None),
        ] {
            let response = guarded.clone().oneshot(asking_for(&path(), request)).await.unwrap();
            assert_eq!((response.status().as_u16(), response.body().as_slice()), (status, &b""[..]));
            assert_eq!(book.only(), Told { reason, whose, path: path() });
        }
        assert_eq!(outer.take(), []);
    }
}

#[tokio::test]
async fn a_handlers_wish_for_a_token_that_is_not_there_is_told() {
    let (tokens, _clock) = shop();
    let book = Book::default();
    let app = Router::new()
        .route("/whoami", get(|token: VerifiedToken| async move { token.name().to_string() }))
        .route("/greet", get(|_: Option<VerifiedToken>| async { "hello" }))
        .layer(BearerAuthLayer::new(tokens).optional().on_refusal(book.hook()));
    let ask =
        async |path: &str| app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap().status();
    assert_eq!(ask("/greet").await, StatusCode::OK);
    assert_eq!(book.take(), []);
    assert_eq!(ask("/whoami").await, StatusCode::UNAUTHORIZED);
    assert_eq!(book.only(), Told { reason: Reason::NoCredentials, whose: None, path: "/whoami".to_owned() });
}

/// The token, or else a session: an extractor of the host's own.
struct Visitor(String);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = NoVerifiedToken;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, NoVerifiedToken> {
        match (VerifiedToken::from_request_parts(parts, state).await, parts.headers.get(COOKIE)) {
            (Ok(token), _) => Ok(Self(token.name().to_string())),
            (Err(_), Some(session)) => Ok(Self(session.to_str().unwrap().to_owned())),
            (Err(neither), None) => Err(neither),
        }
    }
}

/// A handler may look for a token and do without: only an answer is a refusal.
#[tokio::test]
async fn a_missing_token_is_told_when_it_becomes_an_answer_and_not_before() {
    let (tokens, _clock) = shop();
    let good = issue(&tokens, "good").await;
    let book = Book::default();
    let renderer =
        |refusal: &Refusal, _: &Parts| Response::new(Body::from(format!("{}, see the docs", refusal.status())));
    let guard = BearerAuthLayer::new(tokens).realm("The shop").unwrap().renderer(renderer).optional();
    let greet = async |token: Result<VerifiedToken, NoVerifiedToken>| {
        token.map_or_else(|_| "stranger".to_owned(), |token| token.name().to_string())
    };
    let decide = async |token: Result<VerifiedToken, NoVerifiedToken>| token.map(|token| token.name().to_string());
    let app = Router::new()
        .route("/greet", get(greet))
        .route("/visit", get(async |Visitor(name): Visitor| name))
        .route("/decide", get(decide))
        .layer(guard.on_refusal(book.hook()));
    let bearer = format!("Bearer {}", good.token.expose());
    let (token, session) = ((AUTHORIZATION, bearer.as_str()), (COOKIE, "me"));
    let table = [
        ("/greet", None, Ok("stranger")),
        ("/greet", Some(&token), Ok("good")),
        ("/visit", Some(&session), Ok("me")),
        ("/visit", Some(&token), Ok("good")),
        ("/visit", None, Err(())),
        ("/decide", Some(&token), Ok("good")),
        ("/decide", Some(&session), Err(())),
    ];
    for (path, carried, expected) in table {
        let request =
            carried.into_iter().fold(Request::get(path), |request, (name, value)| request.header(name, *value));
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (status, challenges) =
            (response.status().as_u16(), lines(response.headers(), "www-authenticate").join(";"));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let refused = (401, r#"Bearer realm="The shop""#.to_owned(), "401 Unauthorized, see the docs");
        let answer = expected.map_or(refused, |body| (200, String::new(), body));
        assert_eq!((status, challenges, str::from_utf8(&body).unwrap()), answer, "{path} {carried:?}");
        let told = expected.err().map(|()| Told { reason: Reason::NoCredentials, whose: None, path: path.to_owned() });
        assert_eq!(book.take(), Vec::from_iter(told), "{path} {carried:?}");
    }
}

#[tokio::test]
async fn what_is_not_refused_by_the_guard_is_not_told() {
    for (tokens, _clock) in both_shops() {
        let good = issue(&tokens, "good").await;
        let book = Book::default();
        let guard = BearerAuthLayer::new(tokens).optional().allow_preflights().on_refusal(book.hook());

        // A service's own verdicts are its own.
        let answers = service_fn(async |request: Request<()>| {
            let status: u16 = request.uri().path()[1..].parse().unwrap();
            Ok::<_, Infallible>(Response::builder().status(status).body(String::new()).unwrap())
        });
        let guarded = guard.layer(answers);
        let preflight = Request::options("/200").header(ORIGIN, "x").header(ACCESS_CONTROL_REQUEST_METHOD, "PUT");
        let mut requests = vec![preflight.body(()).unwrap()];
        for path in ["/200", "/401", "/403", "/503"] {
            requests.push(asking_for(path, bearer(good.token.expose())));
            requests.push(asking_for(path, with_lines(&[])));
        }
        for request in requests {
            let path = request.uri().path().to_owned();
            let response = guarded.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_str(), &path[1..]);
        }

        // A host's mistake in its layers is no refusal.
        let upside_down = RequireScopeLayer::new("products:read").unwrap().layer(guard.layer(Counted::default()));
        let response = upside_down.oneshot(bearer(good.token.expose())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(book.take(), []);
    }
}
