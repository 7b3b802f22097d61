//! 100,000 tokens of one owner: every operation still completes, with the limit that they need.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::owner;
use common::rulebook::{after, digest, expiring_at, policy, record, token_id, with};
use personal_tokens::store::{ChangeError, Cursor, ExpiringQuery, ListQuery, MemoryStore, TokenStore};
use personal_tokens::{Change, ChangeRefused, Duration, Edit, Expiry, Successor, TokenRecord};

const MANY: u32 = 100_000;

/// One a second, half of them with an end in a day.
fn numbered(number: u32) -> TokenRecord {
    let token =
        if number.is_multiple_of(2) { record(number) } else { expiring_at(number, after(86_400 + i64::from(number))) };
    let issued = after(i64::from(number % 1_000));
    with(token, |token| (token.created, token.expiry_set) = (issued, issued))
}

#[tokio::test]
async fn one_owner_keeps_100_000_tokens() {
    let (store, limit) = (MemoryStore::new(), policy(|policy| policy.max_active = Some(MANY)));
    for number in 0..MANY {
        store.change(&Change::issue(numbered(number), Arc::clone(&limit))).await.unwrap();
    }
    assert_eq!(store.len(), 100_000);

    let one_more = store.change(&Change::issue(record(MANY), Arc::clone(&limit))).await;
    assert!(matches!(one_more, Err(ChangeError::Refused(ChangeRefused::LimitReached { max: MANY }))), "{one_more:?}");

    let id = token_id(70_001);
    assert!(store.get(&owner(), id).await.unwrap().is_some());
    let page = store.list(&owner(), &ListQuery::active().limit(50), after(2_000)).await.unwrap();
    assert_eq!((page.len(), page[0].created), (50, after(999)));
    let deep = ListQuery::all().after(Cursor::new(after(500), token_id(0))).limit(1_000);
    let page = store.list(&owner(), &deep, after(2_000)).await.unwrap();
    assert_eq!((page.len(), page[0].created), (1_000, after(499)));

    let edit = Edit { expiry: Some(Expiry::Never), ..Edit::default() };
    store.change(&Change::update(owner(), id, edit, after(2_000), Arc::clone(&limit))).await.unwrap();
    let successor =
        Successor { id: token_id(MANY), digest: digest(MANY), created_by: None, expiry: None, grace: Duration::HOUR };
    store.change(&Change::rotate(owner(), id, successor, after(2_000), Arc::clone(&limit))).await.unwrap();
    store.change(&Change::revoke(owner(), token_id(5), after(2_000))).await.unwrap();

    let soon = store.expiring(&ExpiringQuery::between(after(0), after(200_000)).limit(10)).await.unwrap();
    assert_eq!(soon[0].id, token_id(1));
    assert_eq!(store.prune(after(3_000), 1_000).await.unwrap().len(), 1);

    // All that live, and the one in its grace.
    let revoked = store.change(&Change::revoke_all(owner(), after(3_000))).await.unwrap();
    assert_eq!(revoked.written.len(), 100_000);
    assert!(store.list(&owner(), &ListQuery::active(), after(3_000)).await.unwrap().is_empty());
}
