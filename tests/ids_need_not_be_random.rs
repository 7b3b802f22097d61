//! A host that imports tokens may have ids of its own kind; tables of ids stay sound.
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use std::hash::{BuildHasher as _, RandomState};

use common::rulebook::{policy, record, with};
use personal_tokens::store::{MemoryStore, TokenStore};
use personal_tokens::{Change, TokenId};

/// Ids that count upwards in their first bytes, in their middle, or in their last.
fn counting(place: usize, number: u32) -> TokenId {
    let mut bytes = [0; TokenId::LEN];
    bytes[place..place + 4].copy_from_slice(&number.to_be_bytes());
    TokenId::from_bytes(bytes)
}

/// Failures 38: whoever can choose ids must not be able to make them all fall into one place.
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
