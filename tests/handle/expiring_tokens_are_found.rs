//! Tokens that expire soon are found over all owners, the soonest first, page by page.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, after_micros, expiring_at, policy, record, rotated_to, token_id, with};
use common::{noon, other_owner};
use personal_tokens::store::{Cursor, ExpiringQuery, MemoryStore, TokenStore};
use personal_tokens::{Change, Expiry, Timestamp, TokenRecord};

async fn store_of(records: impl IntoIterator<Item = TokenRecord>) -> MemoryStore {
    let store = MemoryStore::new();
    for record in records {
        store.change(&Change::issue(record, policy(|policy| policy.max_active = None))).await.unwrap();
    }
    store
}

async fn numbers(store: &MemoryStore, query: ExpiringQuery) -> Vec<u8> {
    store.expiring(&query).await.unwrap().iter().map(|record| record.id.as_bytes()[0]).collect()
}

#[tokio::test]
async fn those_of_the_span_come_whoever_owns_them_the_soonest_first() {
    let soon = |number, micros| with(expiring_at(number, after_micros(micros)), |record| record.created = after(-9));
    let records = [
        soon(1, 60_000_000),
        soon(2, 30_000_000),
        soon(3, 60_000_001),
        soon(4, 1),
        with(soon(5, 20_000_000), |record| record.owner = other_owner()),
        // Its first instant is outside, its last inside: no notice is missed and none comes twice.
        soon(6, 0),
        record(7),
        with(soon(8, 10_000_000), |record| record.revoked = Some(noon())),
        with(rotated_to(9, 1, after(90)), |record| {
            (record.created, record.expiry) = (after(-9), Expiry::At(after(10)));
        }),
    ];
    let store = store_of(records).await;
    assert_eq!(numbers(&store, ExpiringQuery::between(noon(), after(60))).await, [4, 5, 2, 1]);
    assert_eq!(numbers(&store, ExpiringQuery::between(after(60), after(120))).await, [3]);
    assert_eq!(numbers(&store, ExpiringQuery::between(Timestamp::MIN, Timestamp::MAX)).await, [6, 4, 5, 2, 1, 3]);
    assert_eq!(numbers(&store, ExpiringQuery::between(after(60), noon())).await, [0_u8; 0]);
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat() {
    // Four share each instant, so that pages end among them.
    let store = store_of((1..=20).map(|number| expiring_at(number, after(1 + i64::from(number / 4))))).await;
    let query = ExpiringQuery::between(noon(), after(60)).limit(3);
    let (mut seen, mut query, mut pages) = (Vec::new(), query, 0);
    loop {
        let page = store.expiring(&query).await.unwrap();
        pages += 1;
        let Some(last) = page.last().and_then(Cursor::in_expiring) else { break };
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|record| record.id));
        query = query.after(last);
    }
    assert_eq!(seen, (1..=20).map(token_id).collect::<Vec<_>>());
    assert_eq!(pages, 8);
}

#[tokio::test]
async fn a_page_has_50_unless_said_and_1_at_least() {
    let store = store_of((1..=60).map(|number| expiring_at(number, after(1)))).await;
    let query = ExpiringQuery::between(noon(), after(60));
    assert_eq!(numbers(&store, query).await.len(), 50);
    assert_eq!(numbers(&store, query.limit(0)).await, [1]);
    assert_eq!(numbers(&store, query.limit(u32::MAX)).await.len(), 60);
}
