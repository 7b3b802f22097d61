//! When the store, the clock or an observer fails, a person is told so (503, or 500) and never that they did something
//! wrong, and gets no secret; a change goes on when its client goes away, so that observers are told (failures 30, 31).
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration as StdDuration;

use common::management::{Ask, Host, host_with, host_with_token};
use common::remote_store::{Fault, Method};
use common::{noon, now, owner, poll_once};
use personal_tokens::management::Settings;
use personal_tokens::{Clock, EventKind, Timestamp, TimestampOutOfRange, TokenEvent};
use serde_json::json;
use tokio::time::timeout;

/// What of the store a route calls.
fn called(ask: &Ask) -> Option<Method> {
    match (ask.method.as_str(), ask.path.as_str()) {
        ("GET", "tokens") => Some(Method::List),
        ("GET", path) if path.starts_with("tokens/") => Some(Method::Get),
        ("GET", _) => None,
        _ => Some(Method::Change),
    }
}

#[tokio::test]
async fn a_failing_store_is_an_outage_on_each_route_that_asks_it() {
    for method in [Method::Get, Method::List, Method::Change] {
        for fault in [Fault::Unavailable, Fault::Corrupt, Fault::TimedOut, Fault::AnswerLost] {
            let (host, id) = host_with_token().await;
            host.store.fail(method, fault);
            let rows = host.rows().await;
            for ask in Ask::each(&id).iter().filter(|ask| called(ask) == Some(method)) {
                let answer = host.ask(ask).await;
                assert_eq!(answer.refused(503), "unavailable", "{fault:?} {ask:?}");
                assert_eq!(answer.lines("retry-after"), ["5"]);
                assert!(!answer.to_string().contains("planted"), "{answer}");
                // A person who asks again at once would make another.
                let warned = answer.json()["detail"].as_str().unwrap().contains("the change may have been made");
                assert_eq!(warned, method == Method::Change, "{answer}");
                if fault != Fault::AnswerLost {
                    assert_eq!(host.rows().await, rows, "{fault:?} {ask:?}");
                }
            }
            for ask in Ask::reads(&id).iter().filter(|ask| called(ask) != Some(method)) {
                assert_eq!(host.ask(ask).await.status, 200, "{ask:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_refused_is_still_refused_where_the_store_fails() {
    let (host, id) = host_with_token().await;
    for method in [Method::Get, Method::List, Method::Change] {
        host.store.fail(method, Fault::Unavailable);
        for ask in Ask::each(&id) {
            assert_eq!(host.without_session().ask(&ask).await.refused(401), "unauthenticated", "{ask:?}");
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Breakable(Arc<AtomicBool>);

impl Clock for Breakable {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        if self.0.load(Ordering::SeqCst) { Timestamp::from_micros(i64::MAX) } else { Ok(noon()) }
    }

    fn monotonic(&self) -> StdDuration {
        StdDuration::ZERO
    }
}

#[tokio::test]
async fn a_clock_out_of_range_is_an_outage_and_makes_nothing() {
    let clock = Breakable::default();
    let host = host_with(|builder| builder.clock(clock.clone()), Settings::new());
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    let rows = host.rows().await;
    clock.0.store(true, Ordering::SeqCst);
    for ask in Ask::each(&id).iter().filter(|ask| called(ask).is_some()) {
        assert_eq!(host.ask(ask).await.refused(503), "unavailable", "{ask:?}");
    }
    assert_eq!(host.rows().await, rows);
}

/// A host, and what its observer was told.
fn observed() -> (Host, Arc<Mutex<Vec<EventKind>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let observer = move |event: &TokenEvent| log.lock().unwrap().push(event.kind);
    (host_with(|builder| builder.observer(observer), Settings::new()), told)
}

/// Else whoever hangs up in time would make tokens that no audit log knows.
#[tokio::test]
async fn a_change_goes_on_when_its_client_goes_away() {
    for number in 0..5 {
        let (host, told) = observed();
        let id = host.issue("sync", &[]).await["record"]["id"].as_str().unwrap().to_owned();
        told.lock().unwrap().clear();
        host.store.take_calls();
        let ask = Ask::writes(&id).swap_remove(number);
        let gate = host.store.hold_changes().await;
        let client = tokio::spawn({
            let (host, ask) = (host.clone(), ask.clone());
            async move { host.ask(&ask).await.status }
        });
        let written = async {
            while host.store.take_calls() != [Method::Change] {
                tokio::task::yield_now().await;
            }
        };
        timeout(StdDuration::from_secs(30), written).await.expect("the store is asked");
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        assert_eq!(*told.lock().unwrap(), []);
        drop(gate);
        let heard = async {
            while told.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(StdDuration::from_secs(30), heard).await.unwrap_or_else(|_| panic!("{ask:?} is told"));
    }
}

/// Each holds a task and the token that it makes, however soon its client hangs up.
#[tokio::test]
async fn a_store_that_hangs_gathers_no_more_changes_than_there_is_room_for() {
    let host = host_with(|builder| builder.max_active_per_owner(None), Settings::new());
    let gate = host.store.hold_changes().await;
    for number in 0..256 {
        let ask = Ask::post("tokens", json!({"name": format!("token {number}")}));
        let mut client = Box::pin(host.ask(&ask));
        assert!(poll_once(&mut client).is_pending());
    }
    tokio::task::yield_now().await;
    for ask in Ask::writes("AAAAAAAAAAAAAAAA") {
        let answer = timeout(StdDuration::from_secs(30), host.ask(&ask)).await.expect("it waits for no room");
        assert_eq!(answer.refused(503), "unavailable", "{ask:?}");
        assert!(answer.json()["detail"].as_str().unwrap().ends_with("nothing was changed"), "{answer}");
    }
    assert_eq!(host.get("tokens").await.status, 200, "to read takes no room");
    drop(gate);
    let room = async {
        while host.post("tokens", json!({"name": "at last"})).await.status == 503 {
            tokio::task::yield_now().await;
        }
    };
    timeout(StdDuration::from_secs(30), room).await.expect("there is room again");
}

#[tokio::test]
async fn an_observer_that_panics_is_our_failure_and_ends_nothing_else() {
    let panics = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&panics);
    let observer = move |_: &TokenEvent| assert!(!flag.load(Ordering::SeqCst), "planted");
    let host = host_with(|builder| builder.observer(observer), Settings::new());
    let id = host.issue("sync", &[]).await["record"]["id"].as_str().unwrap().to_owned();
    panics.store(true, Ordering::SeqCst);
    for ask in Ask::writes(&id) {
        let answer = host.ask(&ask).await;
        assert_eq!(answer.refused(500), "internal", "{ask:?}");
        assert!(!answer.to_string().contains("planted") && !answer.to_string().contains("shop_"), "{answer}");
    }
    panics.store(false, Ordering::SeqCst);
    // What was committed before it panicked stays so; the host goes on.
    assert!(host.rows().await.iter().all(|row| row.owner == owner() && row.revoked.is_some()));
    host.issue("sync", &[]).await;
}

/// The crate asks for no runtime but where it says so.
#[test]
fn without_a_runtime_it_answers_too() {
    let (host, told) = observed();
    let issued = now(host.post("tokens", json!({"name": "sync"}))).is(201);
    let path = format!("tokens/{}", issued["record"]["id"].as_str().unwrap());
    assert_eq!(now(host.delete(&path)).is(200)["state"], "revoked");
    assert_eq!(*told.lock().unwrap(), [EventKind::Issued, EventKind::Revoked]);
}
