//! A look-up that takes too long is answered with 503, as a store that fails is (failures 31); its token was not used.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower", feature = "tokio"))]

use crate::common;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use common::door::{Counted, bearer, lines};
use common::remote_store::Method;
use common::{issue, now, owner, remote_shop};
use http::{Response, StatusCode};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::{Duration, Issued, PersonalTokens, TokenChange};
use tokio::time::{sleep, timeout};
use tower::{Layer as _, ServiceExt as _};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);
const TICK: std::time::Duration = std::time::Duration::from_millis(1);

/// What `change` makes of a guard.
type Choice = fn(BearerAuthLayer) -> BearerAuthLayer;

#[track_caller]
fn assert_cut_off(response: &Response<String>, service: &Counted) {
    assert_eq!((response.status(), service.calls()), (StatusCode::SERVICE_UNAVAILABLE, 0));
    assert_eq!(lines(response.headers(), "retry-after"), ["5"]);
    assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
    assert_eq!(response.headers().len(), 2, "{:?}", response.headers());
}

async fn is_noted_as_used(tokens: &PersonalTokens, issued: &Issued) -> bool {
    tokens.get(&owner(), issued.record.id).await.unwrap().unwrap().last_used.is_some()
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_takes_longer_than_the_limit_is_cut_off_there() {
    let table: [(Choice, std::time::Duration); 5] = [
        (|guard| guard, std::time::Duration::from_secs(2)),
        (|guard| guard.lookup_timeout(Duration::milliseconds(50)), std::time::Duration::from_millis(50)),
        (|guard| guard.lookup_timeout(Duration::minutes(10)), std::time::Duration::from_secs(600)),
        (|guard| guard.lookup_timeout(None).lookup_timeout(Duration::SECOND), std::time::Duration::from_secs(1)),
        (|guard| guard.lookup_timeout(Some(Duration::HOUR)), HOUR),
    ];
    for (choice, limit) in table {
        let (tokens, store, _) = remote_shop();
        let issued = issue(&tokens, "sync").await;
        let service = Counted::default();
        let guarded = choice(BearerAuthLayer::new(tokens.clone())).layer(service.clone());

        let never = store.hold().await;
        let mut answer = pin!(guarded.clone().oneshot(bearer(issued.token.expose())));
        assert!(timeout(limit - TICK, answer.as_mut()).await.is_err(), "sooner than {limit:?}");
        // Timers round up to their next tick.
        let response = timeout(2 * TICK, answer).await.unwrap_or_else(|_| panic!("later than {limit:?}"));
        assert_cut_off(&response.unwrap(), &service);

        // Nor when the store answers after all.
        drop(never);
        sleep(HOUR).await;
        assert!(!is_noted_as_used(&tokens, &issued).await);
        let response = guarded.oneshot(bearer(issued.token.expose())).await.unwrap();
        assert_eq!((response.status(), service.calls()), (StatusCode::OK, 1));
        assert!(is_noted_as_used(&tokens, &issued).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_negative_limit_counts_as_zero() {
    for limit in [Duration::ZERO, -Duration::NANOSECOND, Duration::MIN] {
        let (tokens, store, _) = remote_shop();
        let issued = issue(&tokens, "sync").await;
        let service = Counted::default();
        let guarded = BearerAuthLayer::new(tokens).lookup_timeout(limit).layer(service.clone());
        let _never = store.hold().await;
        let answer = timeout(2 * TICK, guarded.oneshot(bearer(issued.token.expose())));
        assert_cut_off(&answer.await.expect("it waits").unwrap(), &service);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_or_with_one_beyond_all_time_it_waits() {
    let choices: [Choice; 2] = [|guard| guard.lookup_timeout(None), |guard| guard.lookup_timeout(Duration::MAX)];
    for choice in choices {
        let (tokens, store, _) = remote_shop();
        let issued = issue(&tokens, "sync").await;
        let service = Counted::default();
        let guarded = choice(BearerAuthLayer::new(tokens)).layer(service.clone());
        let gate = store.hold().await;
        let mut answer = pin!(guarded.oneshot(bearer(issued.token.expose())));
        assert!(timeout(HOUR, answer.as_mut()).await.is_err(), "it is answered");
        drop(gate);
        let response = timeout(HOUR, answer).await.expect("it hangs").unwrap();
        assert_eq!((response.status(), service.calls()), (StatusCode::OK, 1));
    }
}

/// Each look-up takes 0.9 seconds, and is void because its owner's tokens changed meanwhile.
#[tokio::test(start_paused = true)]
async fn lookups_that_must_be_repeated_share_one_limit() {
    let (tokens, store, _) = remote_shop();
    let issued = issue(&tokens, "sync").await;
    let service = Counted::default();
    let guarded = BearerAuthLayer::new(tokens.clone()).layer(service.clone());
    let mut gate = store.hold().await;
    store.take_calls();
    let (lookups, slow, id) = (store.clone(), std::time::Duration::from_millis(900), issued.record.id);
    let slowly = async move {
        for change in 0.. {
            sleep(slow / 2).await;
            tokens.update(&owner(), id, TokenChange::new().name(format!("name {change}"))).await.unwrap();
            sleep(slow / 2).await;
            drop(gate);
            gate = store.hold().await;
        }
    };
    let limit = std::time::Duration::from_secs(2);
    let answer = timeout(limit + TICK, guarded.oneshot(bearer(issued.token.expose())));
    let response = tokio::select! {
        response = answer => response.expect("later than in 2 seconds").unwrap(),
        () = slowly => unreachable!("it changes for ever"),
    };
    assert_cut_off(&response, &service);
    let calls = lookups.take_calls();
    assert_eq!(calls.iter().filter(|call| **call == Method::Find).count(), 3, "{calls:?}");
}

/// Nobody counts the time there. By hand, without a runtime.
#[test]
fn outside_a_runtime_there_is_no_limit_and_no_panic() {
    for limit in [None, Some(Duration::ZERO), Some(Duration::MILLISECOND)] {
        let (tokens, store, _) = remote_shop();
        let issued = now(issue(&tokens, "sync"));
        let service = Counted::default();
        let guard = BearerAuthLayer::new(tokens);
        let guarded = limit.map_or(guard.clone(), |limit| guard.lookup_timeout(limit)).layer(service.clone());
        let gate = now(store.hold());
        let mut answer = pin!(guarded.oneshot(bearer(issued.token.expose())));
        let mut poll = || answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        assert!(poll().is_pending());
        drop(gate);
        let Poll::Ready(response) = poll() else { panic!("it hangs") };
        assert_eq!((response.unwrap().status(), service.calls()), (StatusCode::OK, 1));
    }
}

/// A limit is the guard's: who verifies by hand brings their own.
#[tokio::test(start_paused = true)]
async fn verify_itself_waits_as_long_as_the_store_takes() {
    let (tokens, store, _) = remote_shop();
    let issued = issue(&tokens, "sync").await;
    let gate = store.hold().await;
    let mut verdict = pin!(tokens.verify(issued.token.expose()));
    assert!(timeout(HOUR, verdict.as_mut()).await.is_err());
    drop(gate);
    assert!(timeout(HOUR, verdict).await.expect("it hangs").is_ok());
}
