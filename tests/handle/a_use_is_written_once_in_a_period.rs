//! However many use a token at once and whoever flushes meanwhile, its store is given one use of it in each period
//! (failures 32).
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::task::Poll;

use common::flaky_store::FlakyStore;
use common::forge::forged_with_id;
use common::rulebook::{Timestamp, after, policy};
use common::{noon, now, poll_once};
use personal_tokens::store::TokenStore as _;
use personal_tokens::{Change, Duration, ManualClock, PersonalTokens, TokenId};
use tokio::task::JoinSet;

const CALLERS: usize = 256;

struct Shop {
    tokens: PersonalTokens,
    clock: ManualClock,
    store: Arc<FlakyStore>,
    ids: Vec<TokenId>,
    texts: Vec<String>,
}

/// With tokens of these ids, and periods of a minute.
fn shop(ids: impl IntoIterator<Item = [u8; TokenId::LEN]>) -> Shop {
    let (store, clock) = (Arc::new(FlakyStore::default()), ManualClock::new(noon()));
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").usage_resolution(Duration::MINUTE);
    let tokens = builder.clock(clock.clone()).build().unwrap();
    let no_limit = policy(|policy| policy.max_active = None);
    let mut shop = Shop { tokens, clock, store, ids: Vec::new(), texts: Vec::new() };
    for id in ids {
        let (text, record) = forged_with_id(id);
        shop.ids.push(record.id);
        shop.texts.push(text);
        now(shop.store.change(&Change::issue(record, Arc::clone(&no_limit)))).unwrap();
    }
    shop
}

impl Shop {
    /// What the store was given for each token, in order.
    fn written(&self) -> Vec<Vec<Timestamp>> {
        let mut written: HashMap<TokenId, Vec<Timestamp>> = HashMap::new();
        let uses = self.store.take_uses().into_iter().flatten();
        uses.for_each(|used| written.entry(used.id).or_default().push(used.at));
        self.ids.iter().map(|id| written.remove(id).unwrap_or_default()).collect()
    }
}

/// Ids that count upwards.
fn ids(range: Range<u32>) -> impl Iterator<Item = [u8; TokenId::LEN]> {
    range.map(|number| {
        let mut id = [7; TokenId::LEN];
        id[8..].copy_from_slice(&number.to_be_bytes());
        id
    })
}

#[test]
fn callers_in_threads_leave_one_use_in_each_period() {
    const STEPS: i64 = 12;
    let shop = shop(ids(0..1));
    let (gate, accepted) = (Barrier::new(CALLERS + 1), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                for _ in 0..STEPS {
                    gate.wait();
                    // A panic here would leave the others waiting.
                    let verified = poll_once(shop.tokens.verify(&shop.texts[0]));
                    accepted.fetch_add(usize::from(matches!(verified, Poll::Ready(Ok(_)))), SeqCst);
                    gate.wait();
                }
            });
        }
        for step in 0..STEPS {
            shop.clock.set(after(20 * step));
            gate.wait();
            for _ in 0..20 {
                now(shop.tokens.flush()).unwrap();
                std::thread::yield_now();
            }
            gate.wait();
            now(shop.tokens.flush()).unwrap();
        }
    });
    assert_eq!(accepted.into_inner(), CALLERS * STEPS as usize);
    assert_eq!(shop.written(), [[0, 60, 120, 180].map(after)]);
}

/// Here the clock moves under their feet: what one read before another noted comes too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_in_tasks_leave_uses_a_period_apart() {
    const TOKENS: u32 = 4;
    let shop = shop(ids(0..TOKENS));
    let verified: Arc<[AtomicUsize; TOKENS as usize]> = Arc::default();
    let (over, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for token in (0..TOKENS as usize).cycle().take(CALLERS) {
        let (tokens, text) = (shop.tokens.clone(), shop.texts[token].clone());
        let (verified, over) = (Arc::clone(&verified), Arc::clone(&over));
        callers.spawn(async move {
            while !over.load(SeqCst) {
                tokens.verify(&text).await.unwrap();
                verified[token].fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
            }
        });
    }
    for _ in 0..30 {
        shop.clock.advance(Duration::seconds(7));
        verified.iter().for_each(|verified| verified.store(0, SeqCst));
        while verified.iter().any(|verified| verified.load(SeqCst) < CALLERS / TOKENS as usize) {
            assert!(callers.try_join_next().is_none(), "a caller was refused");
            shop.tokens.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
    }
    over.store(true, SeqCst);
    callers.join_all().await;
    shop.tokens.flush().await.unwrap();
    for uses in shop.written() {
        let too_close = uses.windows(2).find(|pair| pair[1].since(pair[0]) < Duration::MINUTE);
        assert!(uses.len() > 1 && too_close.is_none(), "{uses:?}");
    }
}

/// What is left to chance above, the look under the lock, is sure here. There are more tokens than places to see from, without
/// a lock, that one was noted: those that share a place throw each other out of it, all the time. The last of one round
/// is the first of the next, and still at its place.
#[test]
fn tokens_that_share_a_place_leave_one_use_each_in_each_period() {
    let shop = shop(ids(0..5_000));
    // A use that was not noted delays none: the next is due a period after the one that was.
    for (round, second) in [0, 0, 30, 60, 90, 119, 120].into_iter().enumerate() {
        shop.clock.set(after(second));
        let verify = |text: &String| drop(now(shop.tokens.verify(text)).unwrap());
        if round % 2 == 0 {
            shop.texts.iter().for_each(verify);
        } else {
            shop.texts.iter().rev().for_each(verify);
        }
        now(shop.tokens.flush()).unwrap();
    }
    assert!(shop.written().iter().all(|uses| *uses == [0, 60, 120].map(after)));
}
