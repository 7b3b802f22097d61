//! A host that imports tokens may have ids of its own kind; tables of ids stay sound.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use common::forge::forged_with_id;
use common::owner;
use common::rulebook::{policy, record, with};
use personal_tokens::store::{MemoryStore, TokenStore};
use personal_tokens::{Change, ManualClock, PersonalTokens, Timestamp, TokenId};

/// Ids that count upwards in their first bytes, in their middle, or in their last.
fn counting(place: usize, number: u32) -> TokenId {
    let mut bytes = [0; TokenId::LEN];
    bytes[place..place + 4].copy_from_slice(&number.to_be_bytes());
    TokenId::from_bytes(bytes)
}

/// Failures 38: a table of ids must not fall into one place.
#[test]
fn different_ids_have_different_hashes() {
    let hasher = RandomState::new();
    for place in [0, 4, 8] {
        assert_ne!(hasher.hash_one(counting(place, 1)), hasher.hash_one(counting(place, 2)), "bytes from {place}");
    }
}

#[tokio::test]
async fn the_memory_store_keeps_ids_that_count_upwards() {
    for place in [0, 4, 8] {
        let store = MemoryStore::new();
        for number in 0..200 {
            let token = with(record(number), |record| record.id = counting(place, number));
            store.change(&Change::issue(token, policy(|policy| policy.max_active = None))).await.unwrap();
        }
        assert_eq!(store.len(), 200);
    }
}

/// Their uses are told apart, also near 1970, where an empty table could look like a use.
#[tokio::test]
async fn tokens_whose_ids_are_alike_in_part_are_noted_each() {
    let store = Arc::new(MemoryStore::new());
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").clock(clock);
    let tokens = builder.build().unwrap();
    let mut ids = Vec::new();
    for last in [0, 1] {
        let (text, record) = forged_with_id([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        ids.push(record.id);
        store.change(&Change::issue(record, policy(|_| ()))).await.unwrap();
        tokens.verify(&text).await.unwrap();
    }
    for id in ids {
        assert_eq!(tokens.get(&owner(), id).await.unwrap().unwrap().last_used, Some(Timestamp::UNIX_EPOCH));
    }
}
