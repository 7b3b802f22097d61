//! The limit counts what is unexpired at the instant of the change, also when instants come out of order: nodes' clocks
//! differ, and clocks are set back (failures 18).
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, expiring_at, policy, record, with};
use personal_tokens::store::{ChangeError, MemoryStore, TokenStore};
use personal_tokens::{Change, ChangeRefused, TokenRecord};

#[tokio::test]
async fn an_instant_before_the_last_one_counts_what_was_unexpired_then() {
    let store = MemoryStore::new();
    let at = |token: TokenRecord, seconds| with(token, |token| token.created = after(seconds));
    let issue = async |token| store.change(&Change::issue(token, policy(|policy| policy.max_active = Some(2)))).await;

    issue(at(expiring_at(1, after(60)), 0)).await.unwrap();
    // At 120 s the first has expired, and one more finds room.
    issue(at(expiring_at(2, after(600)), 120)).await.unwrap();
    // At 30 s it had not: with the second there are two.
    let full = issue(at(record(3), 30)).await;
    assert!(matches!(full, Err(ChangeError::Refused(ChangeRefused::LimitReached { max: 2 }))), "{full:?}");
    issue(at(record(4), 60)).await.unwrap();
    // Forward again, and beyond the second's end.
    issue(at(record(5), 600)).await.unwrap();
    let full = issue(at(record(6), 599)).await;
    assert!(matches!(full, Err(ChangeError::Refused(ChangeRefused::LimitReached { max: 2 }))), "{full:?}");
}
