//! Of many nodes that want to send the same notice one wins; a change of the token neither loses nor fakes one.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::owner;
use common::rulebook::{after, expiring_at, name, policy, token_id};
use personal_tokens::store::{MemoryStore, TokenStore};
use personal_tokens::{Change, Edit, TokenRecord};

async fn store_of(record: TokenRecord) -> MemoryStore {
    let store = MemoryStore::new();
    store.change(&Change::issue(record, policy(|_| ()))).await.unwrap();
    store
}

#[tokio::test]
async fn a_notice_is_claimed_from_what_stands_there() {
    let store = store_of(expiring_at(1, after(60))).await;
    let claim = async |was: Option<i64>, at| store.claim_notice(token_id(1), was.map(after), after(at)).await.unwrap();
    assert!(!claim(Some(1), 5).await, "none went out yet");
    assert!(claim(None, 10).await);
    assert!(!claim(None, 11).await, "another node was first");
    assert!(!claim(Some(9), 12).await);
    assert!(claim(Some(10), 20).await);
    let found = store.find(token_id(1)).await.unwrap().unwrap();
    assert_eq!(found.noticed, Some(after(20)));
    assert!(!store.claim_notice(token_id(2), None, after(1)).await.unwrap(), "no such token");
    assert!(store.find(token_id(2)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_change_keeps_the_notice() {
    let store = store_of(expiring_at(1, after(60))).await;
    assert!(store.claim_notice(token_id(1), None, after(10)).await.unwrap());
    let rename = Edit { name: Some(name("till")), ..Edit::default() };
    store.change(&Change::update(owner(), token_id(1), rename, after(20), policy(|_| ()))).await.unwrap();
    let found = store.find(token_id(1)).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.noticed), ("till", Some(after(10))));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_nodes_one_wins() {
    let store = Arc::new(store_of(expiring_at(1, after(60))).await);
    let barrier = Arc::new(tokio::sync::Barrier::new(16));
    let mut nodes = tokio::task::JoinSet::new();
    for node in 0..16 {
        let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
        nodes.spawn(async move {
            barrier.wait().await;
            store.claim_notice(token_id(1), None, after(node)).await.unwrap()
        });
    }
    let won = nodes.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}
