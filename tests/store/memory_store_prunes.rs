//! Pruning deletes what ended before an instant, in batches, and nothing that lives or could live.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::owner;
use common::rulebook::{after, after_micros, expiring_at, policy, record, revoked_at, rotated_to, token_id, with};
use personal_tokens::store::{ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{Change, Edit, Expiry, Timestamp, TokenRecord};

async fn put(store: &MemoryStore, records: impl IntoIterator<Item = TokenRecord>) {
    for record in records {
        store.change(&Change::issue(record, policy(|policy| policy.max_active = None))).await.unwrap();
    }
}

async fn left(store: &MemoryStore) -> Vec<TokenRecord> {
    let mut left = store.list(&owner(), &ListQuery::all().limit(1_000), after(0)).await.unwrap();
    left.sort_by_key(|record| record.id);
    assert_eq!(left.len(), store.len());
    left
}

#[tokio::test]
async fn what_ended_before_the_instant_goes_and_the_rest_stays() {
    let store = MemoryStore::new();
    let stays = [
        record(1),
        expiring_at(2, after(60)),
        expiring_at(3, after_micros(60_000_001)),
        revoked_at(4, after(60)),
        rotated_to(5, 1, after(60)),
    ];
    let goes = [
        expiring_at(11, after_micros(59_999_999)),
        revoked_at(12, after(59)),
        rotated_to(13, 1, after(59)),
        with(revoked_at(14, after(59)), |record| record.expiry = Expiry::At(after(3_600))),
        with(rotated_to(15, 1, after(59)), |record| record.expiry = Expiry::At(after(3_600))),
    ];
    put(&store, stays.iter().chain(&goes).cloned()).await;
    let mut pruned = store.prune(after(60), u32::MAX).await.unwrap();
    pruned.sort_by_key(|gone| gone.id);
    assert_eq!(pruned, goes.clone().map(|record| Pruned::new(record.id, record.owner)));
    assert_eq!(left(&store).await, stays);
    for gone in &goes {
        assert!(store.find(gone.id).await.unwrap().is_none(), "{gone:?}");
    }
    assert_eq!(store.prune(after(60), u32::MAX).await.unwrap(), []);
}

/// A token without an end is never pruned, whatever the instant (Kong #4588 took 0 for an expiry: failures 17).
#[tokio::test]
async fn a_token_without_an_end_is_never_pruned() {
    let store = MemoryStore::new();
    put(&store, [record(1)]).await;
    for instant in [Timestamp::MIN, after(0), Timestamp::MAX] {
        assert_eq!(store.prune(instant, u32::MAX).await.unwrap(), []);
    }
    assert_eq!(left(&store).await, [record(1)]);
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let store = MemoryStore::new();
    put(&store, (1..=10).map(|number| revoked_at(number, after(0)))).await;
    assert_eq!(store.prune(after(1), 0).await.unwrap(), []);
    assert_eq!(store.prune(after(1), 4).await.unwrap().len(), 4);
    assert_eq!(left(&store).await.len(), 6);
    assert_eq!(store.prune(after(1), 6).await.unwrap().len(), 6);
    assert!(store.is_empty());
}

#[tokio::test]
async fn a_revived_token_is_not_pruned() {
    let store = MemoryStore::new();
    put(&store, [expiring_at(1, after(10))]).await;
    let extend = Edit { expiry: Some(Expiry::At(after(3_600))), ..Edit::default() };
    store.change(&Change::update(owner(), token_id(1), extend, after(20), policy(|_| ()))).await.unwrap();
    assert_eq!(store.prune(after(60), u32::MAX).await.unwrap(), []);
}

#[tokio::test]
async fn a_pruned_tokens_name_id_and_place_are_free() {
    let store = MemoryStore::new();
    put(&store, [expiring_at(1, after(1))]).await;
    store.prune(after(2), 1).await.unwrap();
    assert!(store.is_empty());
    // Same id, same name, and the only one that the limit allows.
    let again = with(record(1), |record| (record.created, record.expiry_set) = (after(3), after(3)));
    store.change(&Change::issue(again.clone(), policy(|policy| policy.max_active = Some(1)))).await.unwrap();
    assert_eq!(left(&store).await, [again]);
}

/// Whoever edits meanwhile is told so; nothing comes back from the dead.
#[tokio::test]
async fn a_pruned_token_is_not_found() {
    let store = MemoryStore::new();
    put(&store, [expiring_at(1, after(1)), record(2)]).await;
    store.prune(after(2), 1).await.unwrap();
    let extend = Edit { expiry: Some(Expiry::Never), ..Edit::default() };
    let change = Change::update(owner(), token_id(1), extend, after(3), policy(|_| ()));
    let refused = store.change(&change).await.unwrap_err().to_string();
    assert_eq!(refused, "no such token");
    assert_eq!(left(&store).await, [record(2)]);
}
