//! However many use a token at once and whoever flushes meanwhile, its store is given one use of it in each period
//! (failures 32).
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::task::Poll;

use common::flaky_store::FlakyStore;
use common::forge::forged_with_id;
use common::rulebook::{Timestamp, after, policy};
use common::{noon, now, poll_once};
use personal_tokens::store::{LastUse, TokenStore as _};
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
fn shop<const N: usize>(ids: [[u8; TokenId::LEN]; N]) -> Shop {
    let (store, clock) = (Arc::new(FlakyStore::default()), ManualClock::new(noon()));
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").usage_resolution(Duration::MINUTE);
    let tokens = builder.clock(clock.clone()).build().unwrap();
    let mut shop = Shop { tokens, clock, store, ids: Vec::new(), texts: Vec::new() };
    for id in ids {
        let (text, record) = forged_with_id(id);
        shop.ids.push(record.id);
        shop.texts.push(text);
        now(shop.store.change(&Change::issue(record, policy(|_| ())))).unwrap();
    }
    shop
}

impl Shop {
    /// What the store was given for each token, in order.
    fn written(&self) -> Vec<Vec<Timestamp>> {
        let uses: Vec<LastUse> = self.store.take_uses().concat();
        let of = |id| uses.iter().filter(|used| used.id == id).map(|used| used.at).collect();
        self.ids.iter().map(|id| of(*id)).collect()
    }
}

/// Ids whose bytes are alike in part, so that their tokens share whatever is chosen by a part of them.
const ALIKE: [[u8; TokenId::LEN]; 4] = [
    [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    [7, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1],
];

#[test]
fn callers_in_threads_leave_one_use_in_each_period() {
    const STEPS: i64 = 12;
    let shop = shop([ALIKE[0]]);
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
    let shop = shop(ALIKE);
    let verified: Arc<[AtomicUsize; ALIKE.len()]> = Arc::default();
    let (over, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for token in (0..ALIKE.len()).cycle().take(CALLERS) {
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
        while verified.iter().any(|verified| verified.load(SeqCst) < CALLERS / ALIKE.len()) {
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

/// Each throws the other out of the place that they share, all the time.
#[tokio::test]
async fn tokens_with_ids_alike_in_part_leave_one_use_each_in_each_period() {
    let shop = shop(ALIKE);
    for second in (0..180).step_by(5) {
        shop.clock.set(after(second));
        for text in shop.texts.iter().chain(shop.texts.iter().rev()) {
            shop.tokens.verify(text).await.unwrap();
        }
        if second % 2 == 1 {
            shop.tokens.flush().await.unwrap();
        }
    }
    shop.tokens.flush().await.unwrap();
    assert_eq!(shop.written(), [[0, 60, 120].map(after); ALIKE.len()]);
}

/// The next use is due a period after the one that was noted, not after the last one that was not.
#[tokio::test]
async fn a_use_that_was_not_noted_delays_none() {
    let shop = shop(ALIKE);
    for (token, second) in [(0, 0), (1, 0), (0, 30), (0, 60), (1, 61), (0, 90), (0, 119), (0, 120)] {
        shop.clock.set(after(second));
        shop.tokens.verify(&shop.texts[token]).await.unwrap();
        shop.tokens.flush().await.unwrap();
    }
    let written = shop.written();
    assert_eq!((&*written[0], &*written[1]), (&[0, 60, 120].map(after)[..], &[0, 61].map(after)[..]));
}
