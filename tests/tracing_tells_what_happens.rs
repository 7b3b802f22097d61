//! With the feature `tracing`: one span for each verification, an event for each change, refused request and failed
//! maintenance; ids only of tokens whose secret was proven.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower", feature = "tokio", feature = "tracing"))]

mod common;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use common::forge::{RANDOM_LEN, forge, random_of};
use common::recorder::{Emitted, Recorder};
use common::remote_store::{Fault, Method, RemoteStore};
use common::{noon, owner};
use personal_tokens::store::{MemoryStore, TokenStore};
use personal_tokens::{
    Actor, Clock as _, Duration, EventKind, Issued, ManualClock, NewToken, PersonalTokens, Rotation, TokenChange,
    TokenId,
};
use tracing::Level;

/// A token of each kind, by the outcome of its verification; the id where the secret is proven.
struct Bench {
    tokens: PersonalTokens,
    presented: Vec<(&'static str, String, Option<TokenId>)>,
}

impl Bench {
    async fn over(store: impl TokenStore + 'static) -> Self {
        let clock = ManualClock::new(noon());
        let builder = PersonalTokens::builder(store).prefix("shop").scopes(["products:read"]);
        let tokens = builder.clock(clock.clone()).build().unwrap();
        let issue = async |name| {
            tokens
                .issue(NewToken::new(owner(), name).scopes(["products:read"]).expires_in(Duration::HOUR))
                .await
                .unwrap()
        };
        let expired = issue("expired").await;
        clock.advance(Duration::HOUR);
        let [good, revoked, rotated] = [issue("good").await, issue("revoked").await, issue("rotated").await];
        tokens.revoke(&owner(), revoked.record.id).await.unwrap();
        tokens.rotate(&owner(), rotated.record.id, Rotation::new()).await.unwrap();
        let mut other_secret = random_of(good.token.expose());
        other_secret[RANDOM_LEN - 1] ^= 1;

        let proven = |issued: &Issued| (issued.token.expose().to_owned(), Some(issued.record.id));
        let table = [
            ("accepted", proven(&good)),
            ("expired", proven(&expired)),
            ("revoked", proven(&revoked)),
            ("rotated", proven(&rotated)),
            ("unknown", (forge("shop", &other_secret), None)),
            ("unknown", (forge("shop", &[7; RANDOM_LEN]), None)),
            ("malformed", ("None".to_owned(), None)),
        ];
        let presented = table.into_iter().map(|(outcome, (text, id))| (outcome, text, id)).collect();
        Self { tokens, presented }
    }
}

#[track_caller]
fn assert_tells(told: &Emitted, level: Level, fields: &[(&str, Option<String>)]) {
    assert_eq!((told.level(), told.metadata.target()), (level, "personal_tokens"), "{told:?}");
    for (name, value) in fields {
        assert_eq!(told.field(name), value.as_deref(), "{name} of {told:?}");
    }
}

/// Of a verification that has ended.
#[track_caller]
fn assert_span(span: &Emitted, outcome: Option<&str>, id: Option<TokenId>) {
    assert_eq!((span.metadata.name(), span.held, span.entered), ("verify", 0, span.left));
    let fields = [("outcome", outcome.map(str::to_owned)), ("token_id", id.map(|id| id.to_string()))];
    assert_tells(span, Level::DEBUG, &fields);
}

#[tokio::test]
async fn each_verification_is_one_span_with_its_outcome() {
    let (log, _guard) = Recorder::start();
    for bench in [Bench::over(MemoryStore::new()).await, Bench::over(RemoteStore::default()).await] {
        for (outcome, text, id) in &bench.presented {
            let before = log.spans().len();
            let verified = bench.tokens.verify(text).await.is_ok();
            let inspected = bench.tokens.inspect(text).await.is_ok();
            assert_eq!((verified, inspected), (*outcome == "accepted", *outcome == "accepted"));
            let spans = log.spans().split_off(before);
            assert_eq!(spans.len(), 2, "{outcome}");
            for span in spans {
                assert_span(&span, Some(outcome), *id);
                // What has no form of a token asks no store, not even from memory.
                assert_eq!(span.entered > 0, *outcome != "malformed", "{outcome}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_verdict_the_outcome_is_unavailable_and_no_id_is_told() {
    let (log, _guard) = Recorder::start();
    let store = RemoteStore::default();
    let bench = Bench::over(store.clone()).await;
    for fault in Fault::BEFORE {
        store.fail(Method::Find, fault);
        bench.tokens.verify(&bench.presented[0].1).await.unwrap_err();
        assert_span(log.spans().last().unwrap(), Some("unavailable"), None);
    }
}

/// So that what a store emits while it is asked stands in the span, and what others emit meanwhile does not.
#[tokio::test]
async fn the_span_is_entered_at_each_poll_and_left_while_it_waits() {
    let (log, _guard) = Recorder::start();
    let store = RemoteStore::default();
    let Bench { tokens, presented } = Bench::over(store.clone()).await;
    let (outcome, text, id) = &presented[0];
    let held = store.hold().await;
    let before = log.spans().len();
    let mut waiting = pin!(tokens.verify(text));
    // The look-up in memory came first.
    let mut entered = 1;
    for _ in 0..3 {
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let span = log.spans().pop().unwrap();
        assert!(span.entered > entered && span.left == span.entered && span.field("outcome").is_none(), "{span:?}");
        entered = span.entered;
    }
    drop(held);
    let Poll::Ready(answer) = waiting.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it still waits") };
    assert_eq!(answer.unwrap().id(), id.unwrap());
    let spans = log.spans().split_off(before);
    assert!(spans.len() == 1 && spans[0].entered > entered, "{spans:?}");
    assert_span(&spans[0], Some(outcome), *id);
}

#[tokio::test]
async fn a_verification_that_was_given_up_has_no_outcome() {
    let (log, _guard) = Recorder::start();
    let store = RemoteStore::default();
    let bench = Bench::over(store.clone()).await;
    let _held = store.hold().await;
    let mut waiting = Box::pin(bench.tokens.verify(&bench.presented[0].1));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(waiting);
    assert_span(log.spans().last().unwrap(), None, None);
}

#[tokio::test]
async fn each_change_is_an_event_and_what_is_refused_or_changes_nothing_is_none() {
    let (log, _guard) = Recorder::start();
    let clock = ManualClock::new(noon());
    let builder = PersonalTokens::builder(MemoryStore::new()).prefix("shop").retention(Duration::ZERO);
    let tokens = builder.clock(clock.clone()).build().unwrap();
    let ann = tokens.by(Actor::new("ann").unwrap());
    let assert_told = |expected: &[(EventKind, TokenId, Option<&str>)]| {
        let mut events = log.take_events();
        assert_eq!(events.len(), expected.len(), "{events:?}");
        for (kind, id, actor) in expected {
            let of_it = |event: &Emitted| event.field("token_id") == Some(&id.to_string());
            let event = events.extract_if(.., |event| of_it(event)).next().unwrap();
            let fields = [
                ("message", Some("a token was changed".to_owned())),
                ("kind", Some(format!("{kind:?}"))),
                ("owner", Some(owner().to_string())),
                ("actor", actor.map(str::to_owned)),
                ("at", Some(clock.now().unwrap().to_string())),
            ];
            assert_tells(&event, Level::INFO, &fields);
        }
    };
    let first = tokens.issue(NewToken::new(owner(), "sync")).await.unwrap().record.id;
    assert_told(&[(EventKind::Issued, first, None)]);
    clock.advance(Duration::SECOND);
    ann.update(&owner(), first, TokenChange::new().name("till")).await.unwrap();
    assert_told(&[(EventKind::Updated, first, Some("ann"))]);
    ann.update(&owner(), first, TokenChange::new().name("till")).await.unwrap();
    ann.update(&owner(), first, TokenChange::new().name(" ")).await.unwrap_err();
    tokens.issue(NewToken::new(owner(), "till")).await.unwrap_err();
    assert_told(&[]);
    let grace = Rotation::new().grace(Duration::HOUR).created_by("ben");
    let second = ann.rotate(&owner(), first, grace).await.unwrap().record.id;
    assert_told(&[(EventKind::Rotated { successor: second }, first, Some("ben"))]);
    tokens.revoke(&owner(), second).await.unwrap();
    assert_told(&[(EventKind::Revoked, second, None), (EventKind::GraceEnded, first, None)]);
    clock.advance(Duration::SECOND);
    assert_eq!(tokens.prune().await.unwrap(), 2);
    assert_told(&[(EventKind::Pruned, first, None), (EventKind::Pruned, second, None)]);
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_maintenance_is_a_warning_with_its_cause() {
    let (log, _guard) = Recorder::start();
    let store = RemoteStore::default();
    let bench = Bench::over(store.clone()).await;
    bench.tokens.verify(&bench.presented[0].1).await.unwrap();
    log.take_events();
    store.fail(Method::Touch, Fault::Corrupt);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    // On this thread, as the recorder is.
    let mut house = pin!(bench.tokens.maintain(async { drop(stopped.await) }));
    let patience = tokio::time::timeout(std::time::Duration::from_secs(11), house.as_mut()).await;
    assert!(patience.is_err(), "it ended by itself");
    drop(stop);
    house.await;
    // One after the interval of 10 seconds, one at the end.
    let events = log.take_events();
    assert_eq!(events.len(), 2, "{events:?}");
    for event in &events {
        let fields = [
            ("message", Some("the token store failed in maintenance".to_owned())),
            ("error", Some("what the token store holds is corrupt: planted".to_owned())),
        ];
        assert_tells(event, Level::WARN, &fields);
    }
}
