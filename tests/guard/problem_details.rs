//! `ProblemDetails` renders refusals by RFC 9457, for every type of body that is made of text, and tells no more than the
//! challenge does.
#![cfg(all(feature = "memory", feature = "testing", feature = "axum"))]

use crate::common;

use std::convert::Infallible;
use std::fmt::Debug;

use axum::body::Body;
use common::door::{bearer, lines, with_lines};
use common::forge::{RANDOM_LEN, forge};
use common::remote_store::{Fault, Method, RemoteStore};
use common::{noon, owner};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use personal_tokens::http::{BearerAuthLayer, ProblemDetails, RequireScopeLayer};
use personal_tokens::{Duration, ManualClock, NewToken, PersonalTokens, Rotation};
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

struct Case {
    what: &'static str,
    request: fn(&Strings) -> Request<()>,
    scopes: RequireScopeLayer,
    kind: &'static str,
    /// All but the type.
    members: Value,
}

/// Token strings.
struct Strings {
    good: String,
    expired: String,
    revoked: String,
    rotated: String,
}

struct Bench {
    tokens: PersonalTokens,
    store: RemoteStore,
    strings: Strings,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Bench {
    async fn new() -> Self {
        let (store, clock) = (RemoteStore::default(), ManualClock::new(noon()));
        let tokens = PersonalTokens::builder(store.clone()).prefix("shop").clock(clock.clone()).build().unwrap();
        let issue = async |name| {
            let new = NewToken::new(owner(), name).expires_in(Duration::HOUR);
            tokens.issue(new).await.unwrap()
        };
        let [expired, revoked, rotated] = [issue("a").await, issue("b").await, issue("c").await];
        tokens.revoke(&owner(), revoked.record.id).await.unwrap();
        let rotation = Rotation::new().expires_in(Duration::DAY);
        tokens.rotate(&owner(), rotated.record.id, rotation).await.unwrap();
        clock.advance(Duration::HOUR);
        let [good, expired, revoked, rotated] =
            [issue("d").await, expired, revoked, rotated].map(|issued| issued.token.expose().to_owned());
        Self { tokens, store, strings: Strings { good, expired, revoked, rotated } }
    }

    /// The guard's answer where bodies are of type `B`.
    async fn answer<B>(&self, renderer: ProblemDetails, case: &Case) -> Answer
    where
        B: BodyExt<Error: Debug> + From<String> + Default + 'static,
    {
        let service = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(B::default())));
        let guard = BearerAuthLayer::new(self.tokens.clone()).renderer(renderer);
        let guarded = guard.layer(case.scopes.layer(service));
        let (parts, body) = guarded.oneshot((case.request)(&self.strings)).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

fn case(what: &'static str, request: fn(&Strings) -> Request<()>, kind: &'static str, members: Value) -> Case {
    Case { what, request, scopes: RequireScopeLayer::new("products:write").unwrap(), kind, members }
}

fn invalid_token(detail: &str) -> Value {
    json!({ "title": "Unauthorized", "status": 401, "detail": detail, "error": "invalid_token" })
}

fn bad_request(detail: &str) -> Value {
    json!({ "title": "Bad Request", "status": 400, "detail": detail, "error": "invalid_request" })
}

fn missing_scope(detail: &str, scope: &str) -> Value {
    json!({
        "title": "Forbidden", "status": 403, "detail": detail, "error": "insufficient_scope", "scope": scope,
    })
}

fn cases() -> Vec<Case> {
    let no_token = json!({
        "title": "Unauthorized",
        "status": 401,
        "detail": "a token is wanted: Authorization: Bearer, a space, and the token",
    });
    let both = ["products:read", "products:write"];
    let scopes = "products:read products:write";
    let missing = |layer, members| {
        let request: fn(&Strings) -> _ = |strings| bearer(&strings.good);
        Case { scopes: layer, ..case("a scope is missing", request, "insufficient-scope", members) }
    };
    vec![
        case("nothing", |_| with_lines(&[]), "missing-token", no_token.clone()),
        case("another scheme", |_| with_lines(&[b"Basic eDp5"]), "missing-token", no_token),
        case(
            "two lines",
            |_| with_lines(&[b"Bearer x", b"Bearer x"]),
            "bad-authorization",
            bad_request("the credentials are given more than once"),
        ),
        case(
            "no token",
            |_| with_lines(&[b"Bearer"]),
            "bad-authorization",
            bad_request("the credentials are not Bearer and one token"),
        ),
        case("malformed", |_| bearer("None"), "invalid-token", invalid_token("the token is not known here")),
        case(
            "unknown",
            |_| bearer(&forge("shop", &[7; RANDOM_LEN])),
            "invalid-token",
            invalid_token("the token is not known here"),
        ),
        case("expired", |strings| bearer(&strings.expired), "invalid-token", invalid_token("the token expired")),
        case("revoked", |strings| bearer(&strings.revoked), "invalid-token", invalid_token("the token was revoked")),
        case("rotated", |strings| bearer(&strings.rotated), "invalid-token", invalid_token("the token was rotated")),
        missing(
            RequireScopeLayer::new("products:write").unwrap(),
            missing_scope("this needs the scope products:write", "products:write"),
        ),
        missing(
            RequireScopeLayer::all(both).unwrap(),
            missing_scope(&format!("this needs all of the scopes {scopes}"), scopes),
        ),
        missing(
            RequireScopeLayer::any(both).unwrap(),
            missing_scope(&format!("this needs one of the scopes {scopes}"), scopes),
        ),
    ]
}

/// Whole answers: the body, the headers that describe it, and what the guard adds after a renderer.
fn assert_is(answer: &Answer, case: &Case, kind: &str) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["status"], answer.status, "{}", case.what);
    let found = body.as_object_mut().unwrap().remove("type");
    assert_eq!((found, body), (Some(kind.into()), case.members.clone()), "{}", case.what);
    assert_eq!(lines(&answer.headers, "content-type"), ["application/problem+json"]);
    assert_eq!(lines(&answer.headers, "cache-control"), ["no-store"]);
    // The error codes of both are the same.
    let challenge = lines(&answer.headers, "www-authenticate");
    let code = case.members["error"].as_str().map(|code| format!(r#"error="{code}""#));
    assert!(
        challenge.len() == 1 && challenge[0].contains(code.as_deref().unwrap_or(r#"realm="api""#)),
        "{challenge:?}"
    );
    assert_eq!(challenge[0].contains("error="), code.is_some());
    assert_eq!(answer.headers.len(), 3, "{:?}", answer.headers);
}

#[tokio::test]
async fn each_refusal_has_its_members_in_bodies_of_every_kind() {
    let bench = Bench::new().await;
    let based = || ProblemDetails::new().type_base("https://shop.example/problems/");
    for case in cases() {
        for plain in [
            bench.answer::<Body>(ProblemDetails::new(), &case).await,
            bench.answer::<Full<axum::body::Bytes>>(ProblemDetails::new(), &case).await,
        ] {
            assert_is(&plain, &case, "about:blank");
        }
        let kind = format!("https://shop.example/problems/{}", case.kind);
        for typed in
            [bench.answer::<Body>(based(), &case).await, bench.answer::<Full<axum::body::Bytes>>(based(), &case).await]
        {
            assert_is(&typed, &case, &kind);
        }
    }
}

/// Who does not hold the secret learns nothing, in the body either.
#[tokio::test]
async fn a_malformed_and_an_unknown_token_get_the_same_bytes() {
    let bench = Bench::new().await;
    let cases = cases();
    let find = |what| cases.iter().find(|case| case.what == what).unwrap();
    let [malformed, unknown] =
        [find("malformed"), find("unknown")].map(|case| bench.answer::<Body>(ProblemDetails::new(), case));
    let (malformed, unknown) = (malformed.await, unknown.await);
    assert_eq!((malformed.status, malformed.headers, malformed.body), (unknown.status, unknown.headers, unknown.body));
}

/// What is wrong with a store may name hosts and tables: it is for the log.
#[tokio::test]
async fn a_failing_store_is_not_described() {
    let bench = Bench::new().await;
    let members = json!({
        "title": "Service Unavailable",
        "status": 503,
        "detail": "tokens cannot be checked at the moment; try again later",
    });
    let case = case("unavailable", |strings| bearer(&strings.good), "unavailable", members);
    for fault in Fault::BEFORE {
        bench.store.fail(Method::Find, fault);
        let answer = bench.answer::<Body>(ProblemDetails::new().type_base("/problems/"), &case).await;
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body.as_object_mut().unwrap().remove("type"), Some("/problems/unavailable".into()));
        assert_eq!((answer.status, &body), (503, &case.members));
        assert!(!format!("{body}{:?}", answer.headers).contains("planted"));
        assert_eq!(lines(&answer.headers, "retry-after"), ["5"]);
        assert_eq!(lines(&answer.headers, "cache-control"), ["no-store"]);
        assert_eq!(lines(&answer.headers, "www-authenticate"), [""; 0]);
        assert_eq!(lines(&answer.headers, "content-type"), ["application/problem+json"]);
    }
}
