//! Pruning deletes the tokens that ended longer ago than the retention, all of them and no other, and tells of each; with
//! no retention it deletes nothing.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::{Arc, Mutex};

use common::flaky_store::{FlakyStore, Mood};
use common::rulebook::{after_micros, expiring_at, policy, record, revoked_at, rotated_to};
use common::{noon, owner};
use personal_tokens::store::{ListQuery, TokenStore as _};
use personal_tokens::{
    Actor, Change, Duration, EventKind, ManualClock, PersonalTokens, StoreError, Timestamp, TokenEvent, TokenId,
    TokenRecord,
};

const HOUR_MICROS: i64 = 3_600_000_000;

struct Shop {
    tokens: PersonalTokens,
    clock: ManualClock,
    store: Arc<FlakyStore>,
    told: Arc<Mutex<Vec<TokenEvent>>>,
}

async fn shop(records: impl IntoIterator<Item = TokenRecord>, retention: impl Into<Option<Duration>>) -> Shop {
    let (store, clock) = (Arc::new(FlakyStore::default()), ManualClock::new(noon()));
    for mut record in records {
        record.created = Timestamp::MIN;
        store.change(&Change::issue(record, policy(|policy| policy.max_active = None))).await.unwrap();
    }
    let told = Arc::<Mutex<Vec<TokenEvent>>>::default();
    let log = Arc::clone(&told);
    let mut builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").clock(clock.clone());
    builder = builder.observer(move |event: &TokenEvent| log.lock().unwrap().push(event.clone()));
    if let Some(retention) = retention.into() {
        builder = builder.retention(retention);
    }
    Shop { tokens: builder.build().unwrap(), clock, store, told }
}

impl Shop {
    async fn left(&self) -> Vec<TokenId> {
        let all = ListQuery::all().limit(10_000);
        ids(&self.store.list(&owner(), &all, noon()).await.unwrap())
    }

    /// The tokens of which a deletion was told since this was asked last.
    fn told(&self, at: Timestamp, actor: Option<&Actor>) -> Vec<TokenId> {
        let mut told = Vec::new();
        for TokenEvent { id, owner: whose, kind, actor: by, at: when, .. } in self.told.lock().unwrap().drain(..) {
            assert_eq!((kind, whose, by.as_ref(), when), (EventKind::Pruned, owner(), actor, at));
            told.push(id);
        }
        told.sort();
        told
    }
}

fn ids<'r>(records: impl IntoIterator<Item = &'r TokenRecord>) -> Vec<TokenId> {
    let mut ids: Vec<TokenId> = records.into_iter().map(|record| record.id).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn what_ended_longer_ago_than_the_retention_goes_and_the_rest_stays() {
    for (micros, retention) in [(HOUR_MICROS, Duration::HOUR), (1, Duration::MICROSECOND), (0, Duration::ZERO)] {
        let (edge, before) = (after_micros(-micros), after_micros(-micros - 1));
        let goes = [expiring_at(1, before), revoked_at(2, before), rotated_to(3, 2, before)];
        let stays = [expiring_at(11, edge), revoked_at(12, edge), rotated_to(13, 12, edge), record(14)];
        let shop = shop(goes.iter().chain(&stays).cloned(), retention).await;
        assert_eq!(shop.tokens.prune().await.unwrap(), 3, "{retention}");
        assert_eq!(shop.left().await, ids(&stays));
        assert_eq!(shop.told(noon(), None), ids(&goes));
        assert_eq!(shop.tokens.prune().await.unwrap(), 0);

        shop.clock.advance(Duration::MICROSECOND);
        let admin = Actor::new("admin-7").unwrap();
        assert_eq!(shop.tokens.by(admin.clone()).prune().await.unwrap(), 3);
        assert_eq!(shop.left().await, ids(&stays[3..]));
        assert_eq!(shop.told(after_micros(1), Some(&admin)), ids(&stays[..3]));
    }
}

#[tokio::test]
async fn a_retention_longer_than_time_keeps_all_and_none_does_too() {
    for retention in [Some(Duration::MAX), None] {
        let ended = [revoked_at(1, Timestamp::MIN), expiring_at(2, after_micros(-1))];
        let shop = shop(ended.clone(), retention).await;
        for now in [noon(), Timestamp::MIN, Timestamp::MAX] {
            shop.clock.set(now);
            assert_eq!(shop.tokens.prune().await.unwrap(), 0, "{retention:?} {now}");
        }
        assert_eq!((shop.left().await, shop.told(noon(), None)), (ids(&ended), vec![]));
        assert!(retention.is_some() || shop.store.prune.take_calls().is_empty(), "the store is not even asked");
    }
}

#[tokio::test]
async fn many_go_in_batches_and_a_failure_undoes_none() {
    let ended: Vec<TokenRecord> = (0..2_500).map(|number| revoked_at(number, after_micros(-1))).collect();
    let shop = shop(ended.clone(), Duration::ZERO).await;
    shop.store.prune.becomes(Mood::FailsFromTheSecondCall);
    assert!(matches!(shop.tokens.prune().await, Err(StoreError::Unavailable(_))));
    assert_eq!((shop.left().await.len(), shop.told(noon(), None).len()), (1_500, 1_000));
    shop.store.prune.becomes(Mood::Works);
    assert_eq!(shop.tokens.prune().await.unwrap(), 1_500);
    assert_eq!((shop.left().await.len(), shop.told(noon(), None).len()), (0, 1_500));
    assert!(shop.store.prune.take_calls().iter().all(|(_, call)| *call == (noon(), 1_000)));
}
