//! `PostgresStore` writes last use as `LastUse::applied` says, and finds what `ExpiringQuery::matches`, at the ends of time too.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::noon;
use common::postgres::shared;
use common::rulebook::{after_micros, expiring_at, record, token_id, with};
use personal_tokens::store::{Cursor, ExpiringQuery, LastUse, PostgresStore, TokenStore as _};
use personal_tokens::{Change, Duration, Timestamp};

async fn new_store() -> PostgresStore {
    let store = PostgresStore::connect(&shared().url(&shared().new_database().await)).await.unwrap();
    store.create_tables().await.unwrap();
    store
}

#[tokio::test]
async fn a_use_is_written_as_the_rule_says() {
    let store = new_store().await;
    let instants =
        [Timestamp::MIN, after_micros(-1_000_001), after_micros(-1), noon(), after_micros(1), Timestamp::MAX];
    let spans =
        [Duration::MIN, -Duration::SECOND, Duration::ZERO, Duration::NANOSECOND, Duration::SECOND, Duration::MAX];
    let stored = instants.map(Some).into_iter().chain([None]);
    let cases = stored.flat_map(|stored| instants.map(|used| (stored, used)));
    let cases = cases.flat_map(|(stored, used)| spans.map(|resolution| (stored, used, resolution)));
    for (number, (stored, used, resolution)) in cases.enumerate() {
        let token = with(record(u32::try_from(number).unwrap()), |token| {
            token.last_used = stored;
            token.owner = number.to_string().parse().unwrap();
        });
        let id = token.id;
        store.change(&Change::issue(token, Arc::default())).await.unwrap();
        let (used, expected) = (LastUse::new(id, used), LastUse::new(id, used).applied(stored, resolution).or(stored));
        store.touch(&[used], resolution).await.unwrap();
        let found = store.find(id).await.unwrap().unwrap().last_used;
        assert_eq!(found, expected, "{stored:?} is stored, {} is written at {resolution}", used.at);
    }
}

#[tokio::test]
async fn what_expires_is_found_as_the_query_matches() {
    let store = new_store().await;
    let instants = [after_micros(-2), after_micros(-1), noon(), after_micros(1), Timestamp::MAX];
    let mut records: Vec<_> = (0..15).map(|number| expiring_at(number, instants[number as usize % 5])).collect();
    for record in &mut records {
        (record.created, record.expiry_set) = (Timestamp::MIN, Timestamp::MIN);
        store.change(&Change::issue(record.clone(), Arc::default())).await.unwrap();
    }
    records.sort_by_key(Cursor::in_expiring);
    let ids = [0, 2, 7, 14, 99].map(token_id);
    let cursors = instants.iter().flat_map(|at| ids.map(|id| Some(Cursor::new(*at, id)))).chain([None]);
    for cursor in cursors {
        for (after, until) in instants.iter().flat_map(|after| instants.map(|until| (*after, until))) {
            let mut query = ExpiringQuery::between(after, until);
            query.cursor = cursor;
            let expected: Vec<_> = records.iter().filter(|record| query.matches(record)).cloned().collect();
            assert_eq!(store.expiring(&query).await.unwrap(), expected, "{query:?}");
        }
    }
}
