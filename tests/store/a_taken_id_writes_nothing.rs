//! A new token's id must be free in the whole store; else nothing at all is written.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, digest, policy, record, rotated_to, token_id, with};
use common::{other_owner, owner};
use personal_tokens::store::{ChangeError, ListQuery, MemoryStore, TokenStore};
use personal_tokens::{Change, ChangeRefused, Duration, Successor, TokenRecord};

async fn everything(store: &MemoryStore) -> Vec<TokenRecord> {
    let mut all = Vec::new();
    for owner in [owner(), other_owner()] {
        all.extend(store.list(&owner, &ListQuery::all(), after(0)).await.unwrap());
    }
    assert_eq!(all.len(), store.len());
    all
}

async fn is_taken(store: &MemoryStore, change: Change) {
    let before = everything(store).await;
    let answer = store.change(&change).await;
    assert!(matches!(answer, Err(ChangeError::Refused(ChangeRefused::IdTaken))), "{answer:?}");
    assert_eq!(everything(store).await, before);
}

/// Token 1 in the grace of token 2, revoked token 3, and token 4 of another owner.
async fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let successor = with(record(2), |record| record.predecessor = Some(token_id(1)));
    let foreign = with(record(4), |record| record.owner = other_owner());
    for record in [rotated_to(1, 2, after(600)), successor, with(record(3), |it| it.revoked = Some(after(0))), foreign]
    {
        store.change(&Change::issue(record, policy(|_| ()))).await.unwrap();
    }
    store
}

#[tokio::test]
async fn an_issue_overwrites_nobody() {
    let store = store().await;
    for number in 1..=4 {
        let fresh = with(record(9), |record| (record.id, record.digest) = (token_id(number), digest(9)));
        is_taken(&store, Change::issue(fresh, policy(|_| ()))).await;
    }
    // The name of the refused token is free.
    store.change(&Change::issue(record(9), policy(|_| ()))).await.unwrap();
}

#[tokio::test]
async fn a_rotation_replaces_nothing_and_ends_no_grace() {
    let store = store().await;
    for number in 1..=4 {
        let successor = Successor {
            id: token_id(number),
            digest: digest(9),
            created_by: None,
            expiry: None,
            grace: Duration::HOUR,
        };
        is_taken(&store, Change::rotate(owner(), token_id(2), successor, after(1), policy(|_| ()))).await;
    }
    let found = store.find(token_id(2)).await.unwrap().unwrap();
    assert!(found.is_current());
}
