//! Maintenance flushes at the interval and once more at its end, prunes every hour where there is a retention, and gives
//! a store that fails or hangs time, whatever it does.
#![cfg(all(feature = "memory", feature = "testing", feature = "tokio"))]

use crate::common;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::flaky_store::{FlakyStore, Mood};
use common::house::house;
use common::issue;
use common::rulebook::{after, policy, revoked_at};
use personal_tokens::store::TokenStore as _;
use personal_tokens::{Change, Duration, PersonalTokens};
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn uses_are_flushed_at_the_interval() {
    let house = house(Arc::default(), |builder| builder.flush_interval(Duration::seconds(7))).await;
    for second in [1.5, 3.5, 8.5, 22.5] {
        house.used_at(second).await;
    }
    house.time.comes_to(60.0).await;
    assert_eq!(house.flushes(), [(7, 3.5), (14, 8.5), (28, 22.5)]);
    assert_eq!(house.told(), []);
}

/// Failures 32: best effort, and this is how good.
#[tokio::test(start_paused = true)]
async fn a_crash_loses_the_uses_of_one_interval_at_most() {
    for (crash, kept) in [(5.0, None), (10.9, Some(9.5)), (25.9, Some(19.5)), (29.9, Some(19.5)), (30.9, Some(29.5))] {
        let house = house(Arc::default(), |builder| builder).await;
        for second in 0..crash as u32 {
            house.used_at(f64::from(second) + 0.5).await;
        }
        house.time.comes_to(crash).await;
        house.maintenance.abort();
        assert_eq!(house.last_used().await, kept, "{crash}");
    }
}

/// Wherever the shutdown finds it, it flushes once more and ends.
#[tokio::test(start_paused = true)]
async fn shutdown_ends_with_a_last_flush() {
    // It waits; it waits for a store that hangs since second 10; it waits for its next try, since second 20.
    for (mood, second) in [(Mood::Works, 5), (Mood::Works, 25), (Mood::Hangs, 13), (Mood::Hangs, 25), (Mood::Fails, 25)]
    {
        let house = house(Arc::default(), |builder| builder).await;
        house.store.touch.becomes(mood);
        let used = f64::from(second) - 0.5;
        house.used_at(1.5).await;
        house.used_at(used).await;
        house.time.comes_to(f64::from(second)).await;
        house.store.touch.becomes(Mood::Works);
        let (store, id) = (Arc::clone(&house.store), house.issued.record.id);
        assert_eq!(house.stopped().await, second as u64, "{mood:?} {second}");
        let written = store.last_used(id).await.unwrap().since(after(0));
        assert_eq!(written.as_seconds_f64(), used, "{mood:?} {second}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_has_come_before_it_begins_costs_no_use() {
    let house = house(Arc::default(), |builder| builder).await;
    house.tokens.verify(house.issued.token.expose()).await.unwrap();
    house.tokens.maintain(async {}).await;
    assert_eq!(house.flushes(), [(0, 0.0)]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_though_the_last_flush_fails_or_hangs() {
    for (mood, ends, told) in [
        (Mood::Fails, 5, "the token store is unavailable"),
        (Mood::Hangs, 15, "the token store did not answer in time"),
    ] {
        let house = house(Arc::default(), |builder| builder).await;
        house.store.touch.becomes(mood);
        house.used_at(5.0).await;
        let failures = Arc::clone(&house.told.1);
        assert_eq!(house.stopped().await, ends, "{mood:?}");
        assert_eq!(*failures.lock().unwrap(), [(ends, told.to_owned())]);
    }
}

/// Twice the interval, four times, and so on up to five minutes; an interval that is longer stands.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_given_time() {
    let table: [(_, _, &[u64], &[u64]); 4] = [
        (10, Mood::Fails, &[10, 30, 70, 150, 310, 610, 910], &[10, 30, 70, 150, 310, 610, 910]),
        // Each try ends after ten seconds.
        (10, Mood::Hangs, &[10, 40, 90, 180, 350, 660, 970], &[20, 50, 100, 190, 360, 670, 980]),
        (290, Mood::Fails, &[290, 590, 890], &[290, 590, 890]),
        (400, Mood::Fails, &[400, 800], &[400, 800]),
    ];
    for (interval, mood, tried, told) in table {
        let house = house(Arc::default(), |builder| builder.flush_interval(Duration::seconds(interval))).await;
        house.store.touch.becomes(mood);
        house.used_at(0.5).await;
        house.time.comes_to(1_000.0).await;
        assert_eq!((house.flushed_at(), house.told_at()), (tried.to_vec(), told.to_vec()), "{interval} {mood:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_success_it_is_back_at_the_interval() {
    let house = house(Arc::default(), |builder| builder).await;
    house.store.touch.becomes(Mood::Fails);
    house.used_at(0.5).await;
    house.time.comes_to(100.0).await;
    assert_eq!(house.flushed_at(), [10, 30, 70]);
    house.store.touch.becomes(Mood::Works);
    house.time.comes_to(151.0).await;
    assert_eq!(house.flushes(), [(150, 0.5)], "nothing was lost");
    house.used_at(155.5).await;
    house.time.comes_to(161.0).await;
    assert_eq!(house.flushes(), [(160, 155.5)]);
    house.store.touch.becomes(Mood::Fails);
    house.used_at(165.5).await;
    house.time.comes_to(200.0).await;
    assert_eq!(house.flushed_at(), [170, 190], "the next failure begins anew");
}

/// Holding so many that were revoked two hours ago.
async fn store_with_ended_tokens(count: u32) -> Arc<FlakyStore> {
    let (store, no_limit) = (Arc::new(FlakyStore::default()), policy(|policy| policy.max_active = None));
    for number in 0..count {
        let ended = revoked_at(number, after(-7_200));
        store.change(&Change::issue(ended, Arc::clone(&no_limit))).await.unwrap();
    }
    store
}

#[tokio::test(start_paused = true)]
async fn it_prunes_in_batches_with_the_first_flush_and_then_every_hour() {
    let house = house(store_with_ended_tokens(2_500).await, |builder| builder.retention(Duration::HOUR)).await;
    house.time.comes_to(11.0).await;
    assert_eq!(house.prunes(), [(10, -3_590, 1_000); 4], "until there is nothing left");
    assert_eq!(house.store.memory.len(), 1);
    house.time.comes_to(7_300.0).await;
    assert_eq!(house.prunes(), [(3_610, 10, 1_000), (7_210, 3_610, 1_000)]);
}

#[tokio::test(start_paused = true)]
async fn without_a_retention_it_prunes_nothing() {
    let house = house(store_with_ended_tokens(2_500).await, |builder| builder).await;
    house.time.comes_to(7_300.0).await;
    assert_eq!((house.prunes(), house.store.memory.len()), (vec![], 2_501));
}

/// By a backoff of its own; flushes keep their interval all the while.
#[tokio::test(start_paused = true)]
async fn pruning_that_fails_or_hangs_is_tried_again() {
    let table: [(_, &[u64], &[u64], _); 2] = [
        (Mood::FailsFromTheSecondCall, &[10, 30], &[10, 10, 30], [(10, 0.5), (20, 15.5)]),
        (Mood::Hangs, &[20, 50], &[10, 40], [(10, 0.5), (20, 15.5)]),
    ];
    for (mood, told, tried, flushes) in table {
        let house = house(store_with_ended_tokens(2_500).await, |builder| builder.retention(Duration::HOUR)).await;
        house.store.prune.becomes(mood);
        house.used_at(0.5).await;
        house.used_at(15.5).await;
        house.time.comes_to(65.0).await;
        let prunes: Vec<u64> = house.prunes().into_iter().map(|(at, ..)| at).collect();
        assert_eq!((house.told_at().as_slice(), prunes.as_slice()), (told, tried), "{mood:?}");
        assert_eq!(house.flushes(), flushes, "{mood:?}");
        house.store.prune.becomes(Mood::Works);
        house.time.comes_to(100.0).await;
        assert_eq!(house.store.memory.len(), 1, "{mood:?}");
    }
}

/// Only the one that fails backs off.
#[tokio::test(start_paused = true)]
async fn a_prune_that_fails_for_hours_delays_no_flush() {
    let house = house(Arc::default(), |builder| builder.retention(Duration::HOUR)).await;
    house.store.prune.becomes(Mood::Fails);
    for second in (0..7_200).step_by(10) {
        house.used_at(f64::from(second) + 5.0).await;
    }
    house.time.comes_to(7_201.0).await;
    assert_eq!(house.flushed_at(), (10..=7_200).step_by(10).collect::<Vec<_>>());
    let backoff = [10, 30, 70, 150].into_iter().chain((310..7_200).step_by(300)).collect::<Vec<_>>();
    assert_eq!(house.told_at(), backoff);
}

/// Nor does one that hangs until it is given up.
#[tokio::test(start_paused = true)]
async fn a_prune_that_hangs_delays_no_flush() {
    let interval = Duration::seconds(2);
    let house = house(Arc::default(), |builder| builder.retention(Duration::HOUR).flush_interval(interval)).await;
    house.store.prune.becomes(Mood::Hangs);
    for second in (0..30).step_by(2) {
        house.used_at(f64::from(second) + 1.0).await;
    }
    house.time.comes_to(30.5).await;
    assert_eq!(house.flushed_at(), (2..=30).step_by(2).collect::<Vec<_>>());
    assert_eq!(house.told_at(), [12, 26], "after 10 seconds each");
}

/// Nor does one that takes a minute, by batches of five seconds.
#[tokio::test(start_paused = true)]
async fn a_long_prune_lets_flushes_through() {
    let house = house(store_with_ended_tokens(11_500).await, |builder| builder.retention(Duration::HOUR)).await;
    house.store.prune.becomes(Mood::Takes(StdDuration::from_secs(5)));
    for second in (0..100).step_by(10) {
        house.used_at(f64::from(second) + 8.0).await;
    }
    house.time.comes_to(101.0).await;
    assert_eq!(house.flushed_at(), (10..=100).step_by(10).collect::<Vec<_>>());
    let prunes: Vec<u64> = house.prunes().into_iter().map(|(at, ..)| at).collect();
    assert_eq!(prunes, (10..=70).step_by(5).collect::<Vec<_>>());
    assert_eq!(house.store.memory.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_fails_keeps_nobody_from_pruning() {
    let house = house(store_with_ended_tokens(2_500).await, |builder| builder.retention(Duration::HOUR)).await;
    house.store.touch.becomes(Mood::Fails);
    house.store.prune.becomes(Mood::Fails);
    house.used_at(0.5).await;
    house.time.comes_to(11.0).await;
    assert_eq!((house.told_at(), house.prunes().len()), (vec![10, 10], 1), "each failure is told");
    house.store.prune.becomes(Mood::Works);
    house.time.comes_to(80.0).await;
    assert_eq!((house.flushed_at(), house.told_at()), (vec![10, 30, 70], vec![30, 70]));
    assert_eq!((house.prunes().len(), house.store.memory.len()), (4, 1), "done at second 30");
}

#[tokio::test(start_paused = true)]
async fn it_needs_no_handle() {
    let store = Arc::new(FlakyStore::default());
    let maintenance = {
        let tokens = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]).build();
        let tokens = tokens.unwrap();
        tokens.verify(issue(&tokens, "sync").await.token.expose()).await.unwrap();
        tokens.maintain(pending())
    };
    assert!(timeout(StdDuration::from_secs(60), maintenance).await.is_err());
    assert_eq!(store.take_uses().concat().len(), 1);
}
