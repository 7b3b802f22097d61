//! A cache holds no more than its capacity, whatever it is asked for, and of that what is in use (failures 22): no worse than one
//! that forgets what was longest unused, and better where many are asked for once. It counts what it does.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use allocation_counter::measure;
use async_trait::async_trait;
use common::cached::cached;
use common::random::split_mix;
use common::rulebook::{digest, name, token_id};
use common::{block_on, issue, noon, now};
use personal_tokens::store::{
    CachedStore, ExpiringQuery, LastUse, ListQuery, Lookup, MemoryStore, Pruned, StoreError, TokenStore,
};
use personal_tokens::{Change, ChangeError, Changed, Duration, ManualClock, OwnerId, Timestamp, TokenId, TokenRecord};

/// A million where it is fast.
const MANY: u32 = if cfg!(debug_assertions) { 60_000 } else { 1_000_000 };
/// Nobody has a token with a number from here on.
const UNKNOWN: u32 = 1 << 31;

fn cache(capacity: usize) -> CachedStore<Everything> {
    CachedStore::builder(Everything::default()).capacity(capacity).clock(ManualClock::new(noon())).build()
}

/// As a handle asks. Whether it was in memory.
fn ask(cache: &CachedStore<Everything>, number: u32) -> bool {
    let id = token_id(number);
    match cache.find_cached(id) {
        Lookup::Hit(record) => {
            assert_eq!(record.id, id);
            true
        }
        _ => {
            let found = now(cache.find(id)).unwrap();
            assert_eq!(found.map(|record| record.id), (number < UNKNOWN).then_some(id));
            false
        }
    }
}

#[test]
fn many_tokens_take_the_room_of_a_thousand() {
    let cache = cache(1_000);
    assert_eq!((cache.stats().len, cache.stats().capacity), (0, 1_000));
    let counted = measure(|| {
        for number in 0..MANY {
            ask(&cache, number);
            if number % 997 == 0 {
                assert!(cache.stats().len <= 1_000);
            }
        }
    });
    assert_eq!(cache.stats().len, 1_000);
    assert!(counted.bytes_max < 2_000_000, "{counted:?}");
    assert_eq!((cache.stats().hits, cache.stats().misses), (0, u64::from(MANY)));
}

#[test]
fn unknown_tokens_take_none() {
    let cache = cache(1_000);
    (0..1_000).for_each(|number| assert!(!ask(&cache, number)));
    (0..1_000).for_each(|number| assert!(ask(&cache, number)));
    let counted = measure(|| (UNKNOWN..UNKNOWN + MANY).for_each(|number| assert!(!ask(&cache, number))));
    assert!(counted.bytes_max < 100_000 && counted.bytes_current < 10_000, "{counted:?}");
    assert_eq!(cache.stats().len, 1_000);
    (0..1_000).for_each(|number| assert!(ask(&cache, number), "number {number} was pushed out"));
}

/// Most have no place of their own to count at.
#[test]
fn hits_of_many_threads_are_all_counted() {
    let cache = cache(10);
    assert!(!ask(&cache, 1));
    thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| (0..100).for_each(|_| assert!(ask(&cache, 1))));
        }
    });
    assert_eq!((cache.stats().hits, cache.stats().misses), (20_000, 1));
}

#[test]
fn what_is_read_again_takes_no_second_place() {
    let cache = cache(10);
    for _ in 0..100 {
        cache.invalidate_all();
        (0..10).for_each(|number| assert!(!ask(&cache, number)));
        (0..10).for_each(|number| assert!(ask(&cache, number)));
        assert_eq!(cache.stats().len, 10);
    }
    (10..1_000).for_each(|number| assert!(!ask(&cache, number)));
    assert_eq!(cache.stats().len, 10);
}

#[test]
fn the_smallest_holds_one() {
    for capacity in [0, 1] {
        let cache = cache(capacity);
        assert!(!ask(&cache, 1) && ask(&cache, 1));
        assert!(!ask(&cache, 2) && ask(&cache, 2));
        assert_eq!((cache.stats().len, cache.stats().capacity), (1, 1));
    }
}

/// Nor what is asked for twice at once, as by two requests of one client.
#[test]
fn what_is_asked_for_once_does_not_push_out_what_is_in_use() {
    for times in [1, 2] {
        let (cache, in_use) = (cache(1_000), 0..800_u32);
        for _ in 0..4 {
            in_use.clone().for_each(|number| _ = ask(&cache, number));
        }
        for round in 0..3 {
            for once in 0..5_000 {
                (0..times).for_each(|time| assert_eq!(ask(&cache, 10_000 + round * 10_000 + once), time > 0));
            }
            let kept = in_use.clone().filter(|number| ask(&cache, *number)).count();
            assert!(kept >= 790, "{kept} of 800 are left after {round} rounds");
        }
    }
}

/// A record that is read again stays as much in use as it was.
#[test]
fn nor_after_all_had_to_be_forgotten() {
    let (cache, in_use) = (cache(1_000), 0..500_u32);
    for _ in 0..4 {
        in_use.clone().for_each(|number| _ = ask(&cache, number));
    }
    cache.invalidate_all();
    in_use.clone().for_each(|number| assert!(!ask(&cache, number)));
    (10_000..15_000).for_each(|once| assert!(!ask(&cache, once)));
    let kept = in_use.filter(|number| ask(&cache, *number)).count();
    assert!(kept >= 490, "{kept} of 500");
}

/// More than there is room for comes back again and again.
#[test]
fn nor_does_what_is_asked_for_seldom() {
    let (cache, mut kept) = (cache(1_000), 0);
    for at in 0..20_000 {
        ask(&cache, 10_000 + at % 1_800);
        let hit = ask(&cache, at % 300);
        kept += u32::from(hit && at >= 10_000);
    }
    assert!(kept >= 9_950, "{kept} of 10,000");
}

/// What was asked for lately is taken for good when it comes back.
#[test]
fn what_comes_back_soon_stays() {
    let cache = cache(1_000);
    (0..2_000).for_each(|number| _ = ask(&cache, number));
    // Given up a moment ago.
    (800..1_000).for_each(|number| assert!(!ask(&cache, number)));
    (10_000..20_000).for_each(|once| _ = ask(&cache, once));
    let kept = (800..1_000).filter(|number| ask(&cache, *number)).count();
    assert!(kept >= 120, "{kept} of 200");
}

/// And what nobody asks for any more goes.
#[test]
fn the_use_of_yesterday_does_not_last() {
    let cache = cache(1_000);
    for day in 0..3 {
        let asked: Vec<bool> =
            (0..20).flat_map(|_| (0..900).map(|n| ask(&cache, day * 1_000 + n)).collect::<Vec<_>>()).collect();
        let late = asked[10 * 900..].iter().filter(|hit| **hit).count();
        assert!(late >= 9_000 * 95 / 100, "{late} of 9,000 on day {day}");
    }
}

#[test]
fn it_is_about_as_good_as_forgetting_what_was_longest_unused() {
    for (trace, at_least) in [("zipf", -1.0), ("shifting", -3.0), ("with scans", 4.0)] {
        let (cache, mut model) = (cache(300), Lru::new(300));
        let (mut hits, mut model_hits) = (0_u32, 0_u32);
        for number in requests(trace) {
            hits += u32::from(ask(&cache, number));
            model_hits += u32::from(model.ask(number));
        }
        let [rate, model_rate] = [hits, model_hits].map(|hits| f64::from(hits) * 100.0 / f64::from(REQUESTS));
        println!("{trace}: {rate:.1} %, longest unused {model_rate:.1} %");
        assert!(rate >= model_rate + at_least, "{trace}: {rate:.1} %, longest unused {model_rate:.1} %");
        assert_eq!(cache.stats().hit_rate(), Some(f64::from(hits) / f64::from(REQUESTS)));
    }
}

#[test]
fn every_verification_is_a_hit_or_a_miss() {
    let node = cached(|builder| builder.capacity(8));
    assert_eq!(node.cache.stats().hit_rate(), None);
    let texts: Vec<String> = block_on(async {
        let mut texts = Vec::new();
        for number in 0..20 {
            texts.push(issue(&node.elsewhere, &format!("token {number}")).await.token.expose().to_owned());
        }
        texts
    });
    node.finds();
    thread::scope(|scope| {
        for seed in 0..8 {
            let (tokens, texts) = (&node.tokens, &texts);
            scope.spawn(move || {
                let mut random = split_mix(seed);
                for _ in 0..1_000 {
                    let text = &texts[usize::try_from(random() % 20).unwrap()];
                    block_on(tokens.verify(text)).unwrap();
                }
            });
        }
    });
    let stats = node.cache.stats();
    assert_eq!((stats.hits + stats.misses, stats.len), (8_000, 8));
    assert!(stats.hits > 500 && stats.misses > 500);
    assert!(node.finds() as u64 <= stats.misses, "some may have joined others");
}

const REQUESTS: u32 = MANY;

/// Numbers that are asked for one after the other.
fn requests(trace: &str) -> Vec<u32> {
    // The n-th most used is used a 1/n-th as often as the first.
    let weights: Vec<f64> = (1..=20_000).map(|n| 1.0 / f64::from(n)).collect();
    let sums: Vec<f64> = weights
        .iter()
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let (mut random, total) = (split_mix(42), sums[sums.len() - 1]);
    let mut requests = Vec::new();
    for at in 0..REQUESTS {
        let uniform = (random() >> 11) as f64 / (1_u64 << 53) as f64 * total;
        let number = u32::try_from(sums.partition_point(|sum| *sum < uniform)).unwrap();
        requests.push(match trace {
            // Others become the most used, four times.
            "shifting" => number + at / (REQUESTS / 4) * 1_000_000,
            // A fifth of the time, each once.
            "with scans" if at / 500 % 5 == 0 => 1_000_000 + at,
            _ => number,
        });
    }
    requests
}

/// What was longest unused goes.
struct Lru {
    capacity: usize,
    last: HashMap<u32, u64>,
    order: BTreeMap<u64, u32>,
    time: u64,
}

impl Lru {
    fn new(capacity: usize) -> Self {
        Self { capacity, last: HashMap::new(), order: BTreeMap::new(), time: 0 }
    }

    fn ask(&mut self, number: u32) -> bool {
        self.time += 1;
        let last = self.last.insert(number, self.time);
        last.map(|last| self.order.remove(&last));
        self.order.insert(self.time, number);
        if self.order.len() > self.capacity {
            let (_, oldest) = self.order.pop_first().unwrap();
            self.last.remove(&oldest);
        }
        last.is_some()
    }
}

/// A store with every token: of a few owners, made when it is asked for.
struct Everything {
    memory: MemoryStore,
    owners: Vec<OwnerId>,
    finds: AtomicU64,
}

impl Default for Everything {
    fn default() -> Self {
        let owners = (0..16).map(|number| OwnerId::new(&format!("owner {number}")).unwrap()).collect();
        Self { memory: MemoryStore::new(), owners, finds: AtomicU64::new(0) }
    }
}

#[async_trait]
impl TokenStore for Everything {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.finds.fetch_add(1, SeqCst);
        let number = u32::from_le_bytes(*id.as_bytes().first_chunk().unwrap());
        let owner = self.owners[number as usize % self.owners.len()].clone();
        let record = || Arc::new(TokenRecord::new(id, owner, name("sync"), digest(number), noon()));
        Ok((number < UNKNOWN).then(record))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.memory.change(change).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.memory.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.memory.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.memory.prune(ended_before, at_most).await
    }
}
