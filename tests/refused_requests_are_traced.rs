//! With the feature `tracing` each refused request is one event with its true reason, which the client is not always told,
//! and with the token where its secret was proven.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower", feature = "tokio", feature = "tracing"))]

mod common;

use common::door::{Counted, bearer, with_lines};
use common::forge::{RANDOM_LEN, forge};
use common::recorder::{Emitted, Recorder};
use common::remote_store::{Fault, Method, RemoteStore};
use common::{issue, noon, owner};
use http::{Request, Response};
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer};
use personal_tokens::store::{MemoryStore, TokenStore};
use personal_tokens::{Duration, Issued, ManualClock, NewToken, PersonalTokens, Rotation, TokenId};
use tower::util::MapResponse;
use tower::{Layer as _, ServiceExt as _};
use tracing::Level;

fn handle(store: impl TokenStore + 'static, clock: &ManualClock) -> PersonalTokens {
    let builder = PersonalTokens::builder(store).prefix("shop").scopes(["products:read", "products:write"]);
    builder.clock(clock.clone()).build().unwrap()
}

/// Through a guard that wants `products:write` of who gets in, with another type of body between the two if told so.
async fn knock(tokens: &PersonalTokens, optional: bool, body_changes: bool, request: Request<()>) -> u16 {
    let guard = BearerAuthLayer::new(tokens.clone());
    let guard = if optional { guard.optional() } else { guard };
    let inner = RequireScopeLayer::new("products:write").unwrap().layer(Counted::default());
    if body_changes {
        let between = MapResponse::new(inner, |response: Response<String>| response.map(String::into_bytes));
        return guard.layer(between).oneshot(request).await.unwrap().status().as_u16();
    }
    guard.layer(inner).oneshot(request).await.unwrap().status().as_u16()
}

#[track_caller]
fn assert_refused(events: &[Emitted], status: u16, reason: &str, id: Option<TokenId>) {
    let [event] = events else { panic!("{reason}: {events:?}") };
    assert_eq!((event.level(), event.metadata.target()), (Level::DEBUG, "personal_tokens"));
    assert_eq!(event.field("message"), Some("a request was refused"));
    assert_eq!(event.field("status"), Some(&*status.to_string()));
    assert_eq!(event.field("reason"), Some(reason));
    assert_eq!(event.field("token_id"), id.map(|id| id.to_string()).as_deref(), "{reason}");
    assert_eq!(event.field("owner"), id.map(|_| owner().to_string()).as_deref(), "{reason}");
}

async fn check(tokens: &PersonalTokens, clock: &ManualClock, log: &Recorder) {
    let expired = tokens.issue(NewToken::new(owner(), "expired").expires_in(Duration::HOUR)).await.unwrap();
    clock.advance(Duration::HOUR);
    let [reader, revoked, rotated] = [issue(tokens, "r").await, issue(tokens, "x").await, issue(tokens, "y").await];
    tokens.revoke(&owner(), revoked.record.id).await.unwrap();
    tokens.rotate(&owner(), rotated.record.id, Rotation::new()).await.unwrap();
    log.take_events();

    let of = |issued: &Issued| (bearer(issued.token.expose()), Some(issued.record.id));
    let none = |request: Request<()>| (request, None);
    let table = [
        ("no_credentials", 401, none(with_lines(&[]))),
        ("no_credentials", 401, none(with_lines(&[b"Basic eDp5"]))),
        ("bad_request", 400, none(with_lines(&[b"Bearer a", b"Bearer b"]))),
        ("bad_request", 400, none(bearer("%%"))),
        ("malformed", 401, none(bearer("None"))),
        ("unknown", 401, none(bearer(&forge("shop", &[7; RANDOM_LEN])))),
        ("expired", 401, of(&expired)),
        ("revoked", 401, of(&revoked)),
        ("rotated", 401, of(&rotated)),
        ("missing_scope", 403, of(&reader)),
    ];
    for (reason, status, (request, id)) in table {
        for optional in [false, true] {
            for body_changes in [false, true] {
                assert_eq!(knock(tokens, optional, body_changes, request.clone()).await, status, "{reason}");
                // Also where the guard let it in as anonymous, and the scope layer did not.
                assert_refused(&log.take_events(), status, reason, id);
            }
        }
    }
}

#[tokio::test]
async fn each_is_one_event_with_its_true_reason() {
    let (log, _guard) = Recorder::start();
    let clock = ManualClock::new(noon());
    check(&handle(MemoryStore::new(), &clock), &clock, &log).await;
    check(&handle(RemoteStore::default(), &clock), &clock, &log).await;
}

/// Where two guards stand one in the other, whoever knows of a refusal first tells of it.
#[tokio::test]
async fn of_two_guards_one_tells() {
    let (log, _guard) = Recorder::start();
    let tokens = handle(MemoryStore::new(), &ManualClock::new(noon()));
    let reader = issue(&tokens, "reader").await;
    log.take_events();
    let guard = BearerAuthLayer::new(tokens);
    let inner = RequireScopeLayer::new("products:write").unwrap().layer(Counted::default());
    let between = MapResponse::new(inner, |response: Response<String>| response.map(String::into_bytes));
    let guarded = guard.layer(guard.layer(between));
    for (request, status, reason, id) in [
        (bearer(reader.token.expose()), 403, "missing_scope", Some(reader.record.id)),
        (bearer("None"), 401, "malformed", None),
    ] {
        assert_eq!(guarded.clone().oneshot(request).await.unwrap().status().as_u16(), status);
        assert_refused(&log.take_events(), status, reason, id);
    }
}

#[tokio::test]
async fn a_request_that_comes_in_is_none() {
    let (log, _guard) = Recorder::start();
    let tokens = handle(RemoteStore::default(), &ManualClock::new(noon()));
    let writer = NewToken::new(owner(), "writer").scopes(["products:write"]);
    let writer = tokens.issue(writer).await.unwrap();
    log.take_events();
    for body_changes in [false, true] {
        assert_eq!(knock(&tokens, false, body_changes, bearer(writer.token.expose())).await, 200);
    }
    assert!(log.take_events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_could_not_be_judged_is_a_warning_with_its_cause() {
    let (log, _guard) = Recorder::start();
    let store = RemoteStore::default();
    let tokens = handle(store.clone(), &ManualClock::new(noon()));
    let issued = issue(&tokens, "sync").await;
    let ask = async |cause: &str| {
        log.take_events();
        assert_eq!(knock(&tokens, false, false, bearer(issued.token.expose())).await, 503);
        let events = log.take_events();
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!((event.level(), event.metadata.target()), (Level::WARN, "personal_tokens"));
        assert_eq!(event.field("message"), Some("a request could not be judged"));
        assert_eq!((event.field("status"), event.field("reason")), (Some("503"), Some("unavailable")));
        assert_eq!((event.field("token_id"), event.field("owner")), (None, None));
        assert_eq!(event.field("error"), Some(cause));
        assert_eq!(log.spans().last().unwrap().field("outcome"), Some("unavailable"));
    };
    for (fault, cause) in [
        (Fault::Unavailable, "the token store is unavailable: planted"),
        (Fault::Corrupt, "what the token store holds is corrupt: planted"),
        (Fault::TimedOut, "the token store did not answer in time: planted"),
    ] {
        store.fail(Method::Find, fault);
        ask(cause).await;
    }
    store.work();
    let _held = store.hold().await;
    ask("the token store did not answer in time: deadline has elapsed").await;
}
