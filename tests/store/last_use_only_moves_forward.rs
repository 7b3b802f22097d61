//! Writing last use touches that one column, only forward, only where it is old enough, and undoes no change.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::owner;
use common::rulebook::{after, name, policy, record, token_id, with};
use personal_tokens::store::{LastUse, MemoryStore, TokenStore};
use personal_tokens::{Change, Duration, Edit};

const MINUTE: Duration = Duration::MINUTE;

async fn store_of_one() -> MemoryStore {
    let store = MemoryStore::new();
    store.change(&Change::issue(record(1), policy(|_| ()))).await.unwrap();
    store
}

fn used(seconds: i64) -> LastUse {
    LastUse::new(token_id(1), after(seconds))
}

#[test]
fn a_use_is_applied_where_the_stored_one_is_old_enough() {
    let table = [
        (None, 0, MINUTE, true),
        (None, -9_999, MINUTE, true),
        (Some(0), 60, MINUTE, true),
        (Some(0), 59, MINUTE, false),
        (Some(0), 0, MINUTE, false),
        (Some(0), -60, MINUTE, false),
        (Some(0), -9_999, MINUTE, false),
        (Some(0), 1, Duration::ZERO, true),
        (Some(0), 0, Duration::ZERO, false),
        (Some(0), -1, Duration::ZERO, false),
        (Some(0), 9_999, Duration::MAX, false),
    ];
    for (stored, seconds, resolution, applied) in table {
        let expected = applied.then_some(after(seconds));
        assert_eq!(used(seconds).applied(stored.map(after), resolution), expected, "{stored:?} {seconds}");
    }
}

#[tokio::test]
async fn a_store_writes_what_is_applied() {
    let store = store_of_one().await;
    for (seconds, stands) in [(10, 10), (5, 10), (69, 10), (70, 70), (10, 70)] {
        store.touch(&[used(seconds)], MINUTE).await.unwrap();
        let found = store.find(token_id(1)).await.unwrap().unwrap();
        assert_eq!(*found, with(record(1), |record| record.last_used = Some(after(stands))), "{seconds}");
    }
    // Of several at once the latest stands, whatever their order.
    store.touch(&[used(200), used(300), used(130)], Duration::ZERO).await.unwrap();
    assert_eq!(store.find(token_id(1)).await.unwrap().unwrap().last_used, Some(after(300)));
}

/// Late by seconds, a flush knows nothing of what happened to its tokens meanwhile.
#[tokio::test]
async fn a_late_touch_undoes_no_change() {
    let store = store_of_one().await;
    let rename = Edit { name: Some(name("till")), ..Edit::default() };
    store.change(&Change::update(owner(), token_id(1), rename, after(20), policy(|_| ()))).await.unwrap();
    store.change(&Change::revoke(owner(), token_id(1), after(30))).await.unwrap();
    store.touch(&[used(10)], MINUTE).await.unwrap();
    let expected = with(record(1), |record| {
        record.name = name("till");
        record.revoked = Some(after(30));
        record.last_used = Some(after(10));
    });
    assert_eq!(*store.find(token_id(1)).await.unwrap().unwrap(), expected);
}

#[tokio::test]
async fn a_change_keeps_the_last_use() {
    let store = store_of_one().await;
    store.touch(&[used(10)], MINUTE).await.unwrap();
    store.change(&Change::revoke(owner(), token_id(1), after(30))).await.unwrap();
    assert_eq!(store.find(token_id(1)).await.unwrap().unwrap().last_used, Some(after(10)));
}

/// A change reads the record before it writes: what was touched in between stands all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_flight_keeps_the_last_use_too() {
    let store = Arc::new(store_of_one().await);
    let other = Arc::clone(&store);
    let renames = tokio::spawn(async move {
        for number in 0..5_000 {
            let rename = Edit { name: Some(name(&format!("name {number}"))), ..Edit::default() };
            let change = Change::update(owner(), token_id(1), rename, after(20), policy(|_| ()));
            other.change(&change).await.unwrap();
        }
    });
    let mut touched = 0;
    while !renames.is_finished() || touched == 0 {
        touched += 1;
        store.touch(&[used(touched)], Duration::ZERO).await.unwrap();
        let found = store.find(token_id(1)).await.unwrap().unwrap();
        assert_eq!(found.last_used, Some(after(touched)));
    }
    renames.await.unwrap();
    assert_eq!(store.find(token_id(1)).await.unwrap().unwrap().last_used, Some(after(touched)));
}

#[tokio::test]
async fn a_token_that_is_gone_does_not_come_back() {
    let store = store_of_one().await;
    store.change(&Change::revoke(owner(), token_id(1), after(1))).await.unwrap();
    store.prune(after(2), 1).await.unwrap();
    store.touch(&[used(10), LastUse::new(token_id(2), after(10))], MINUTE).await.unwrap();
    assert!(store.is_empty());
    assert!(store.find(token_id(1)).await.unwrap().is_none());
}
