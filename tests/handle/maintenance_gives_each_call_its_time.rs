//! Under maintenance each call of the store has its ten seconds, however many calls a flush takes; only the last flush is
//! bounded as a whole.
#![cfg(all(feature = "memory", feature = "testing", feature = "tokio"))]

use crate::common;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::flaky_store::{FlakyStore, Mood};
use common::forge::forged_with_id;
use common::house::{House, house};
use common::now;
use common::rulebook::{after, policy, token_id};
use personal_tokens::store::TokenStore as _;
use personal_tokens::{Change, StoreError, TokenId};

const BATCH: usize = 1_000;

/// So many batches of tokens, used at second 0, and the mood of a store that is to write the uses.
async fn house_with_uses(batches: usize, mood: Mood) -> (House, Vec<TokenId>) {
    let (store, no_limit) = (Arc::new(FlakyStore::default()), policy(|policy| policy.max_active = None));
    let house = house(store, |builder| builder).await;
    let (mut ids, uses) = (Vec::new(), batches * BATCH);
    for number in 0..uses as u32 {
        let (text, record) = forged_with_id(*token_id(number).as_bytes());
        ids.push(record.id);
        house.store.change(&Change::issue(record, Arc::clone(&no_limit))).await.unwrap();
        house.tokens.verify(&text).await.unwrap();
    }
    assert_eq!(house.tokens.dropped_uses(), 0);
    house.store.touch.becomes(mood);
    (house, ids)
}

/// How many of the uses were written.
fn written(store: &FlakyStore, ids: &[TokenId]) -> usize {
    let last_used = |id: &TokenId| now(store.memory.find(*id)).unwrap().unwrap().last_used;
    ids.iter().filter(|id| last_used(id) == Some(after(0))).count()
}

const SLOW: Mood = Mood::Takes(StdDuration::from_secs(2));

#[tokio::test(start_paused = true)]
async fn one_flush_writes_many_batches_of_a_slow_store() {
    let (house, ids) = house_with_uses(12, SLOW).await;
    house.time.comes_to(35.0).await;
    assert_eq!(house.flushed_at(), (10..34).step_by(2).collect::<Vec<_>>());
    assert_eq!((house.told(), written(&house.store, &ids)), (vec![], ids.len()));
}

/// It ends after half a minute at most, whatever the store does, and what was written by then stays so.
#[tokio::test(start_paused = true)]
async fn the_last_flush_has_half_a_minute() {
    let late = StoreError::timed_out("").to_string();
    let takes = |seconds| Mood::Takes(StdDuration::from_secs(seconds));
    let table = [
        (SLOW, 24, 12, None),
        (takes(4), 30, 7, Some(&late)),
        (takes(9), 30, 3, Some(&late)),
        (takes(11), 10, 0, Some(&late)),
        (Mood::Hangs, 10, 0, Some(&late)),
        (Mood::HangsFromTheThirdCall, 10, 2, Some(&late)),
    ];
    for (mood, seconds, batches, told) in table {
        let (house, ids) = house_with_uses(12, mood).await;
        let (store, failures) = (Arc::clone(&house.store), Arc::clone(&house.told.1));
        house.time.comes_to(5.0).await;
        assert_eq!(house.stopped().await, 5 + seconds, "{mood:?}");
        assert_eq!(written(&store, &ids), batches * BATCH, "{mood:?}");
        let told: Vec<_> = told.map(|told| (5 + seconds, told.clone())).into_iter().collect();
        assert_eq!(*failures.lock().unwrap(), told, "{mood:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_whose_third_batch_hangs_has_written_the_first_two() {
    let (house, ids) = house_with_uses(4, Mood::HangsFromTheThirdCall).await;
    house.time.comes_to(25.0).await;
    assert_eq!((house.flushed_at(), house.told_at()), (vec![10; 3], vec![20]));
    assert_eq!(written(&house.store, &ids), 2 * BATCH);
    house.store.touch.becomes(Mood::Works);
    house.time.comes_to(41.0).await;
    assert_eq!(house.flushed_at(), [40; 2], "what was written does not go again");
    assert_eq!(written(&house.store, &ids), ids.len());
}
