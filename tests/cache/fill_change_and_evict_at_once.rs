//! Threads that look up, change and push out at once: whoever begins to look up after a change has returned finds it as changed,
//! or later (failures 20). The same check finds the caches that forget wrongly.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use common::naive_cache::{Flaw, NaiveCache};
use common::noon;
use common::random::split_mix;
use common::rulebook::{digest, name, token_id};
use personal_tokens::store::{
    CachedStore, ExpiringQuery, LastUse, ListQuery, Lookup, MemoryStore, Pruned, StoreError, TokenStore,
};
use personal_tokens::{
    Change, ChangeError, Changed, Duration, Edit, ManualClock, OwnerId, Timestamp, TokenId, TokenRecord,
};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

const TOKENS: u32 = 12;
const OWNERS: u32 = 4;
const EDITS: u64 = 60;
const LOOKING: u64 = 3;
/// As many as are tried until a flaw shows.
const ROUNDS: u32 = 300;

/// Each token's name counts its changes.
struct Shop {
    store: Arc<dyn TokenStore>,
    round: u32,
    /// The number of the last change that has returned.
    returned: [AtomicU64; TOKENS as usize],
    ended: AtomicBool,
}

const REVOKED: u64 = u64::MAX;

impl Shop {
    async fn open(store: Arc<dyn TokenStore>, round: u32) -> Arc<Self> {
        let shop = Self { store, round, returned: Default::default(), ended: AtomicBool::new(false) };
        for number in 0..TOKENS {
            let id = shop.id(number);
            let record = TokenRecord::new(id, shop.owner(number), name(&format!("{number}.0")), digest(number), noon());
            shop.store.change(&Change::issue(record, Arc::default())).await.unwrap();
        }
        Arc::new(shop)
    }

    fn id(&self, number: u32) -> TokenId {
        token_id(self.round * TOKENS + number)
    }

    fn owner(&self, number: u32) -> OwnerId {
        OwnerId::new(&format!("owner {} of round {}", number % OWNERS, self.round)).unwrap()
    }

    /// One of two changes every other owner's tokens, and then revokes them, one by one or all of an owner.
    async fn change(self: Arc<Self>, which: u32) {
        let mut random = split_mix(u64::from(self.round * 2 + which));
        let mine: Vec<u32> = (0..TOKENS).filter(|number| number % 2 == which).collect();
        for edit in 1..=EDITS {
            let number = mine[usize::try_from(random()).unwrap() % mine.len()];
            let edit_name = Edit { name: Some(name(&format!("{number}.{edit}"))), ..Edit::default() };
            let change = Change::update(self.owner(number), self.id(number), edit_name, noon(), Arc::default());
            self.store.change(&change).await.unwrap();
            self.returned[number as usize].store(edit, SeqCst);
        }
        for number in mine {
            let change = match number % 3 {
                0 => Change::revoke_all(self.owner(number), noon()),
                _ => Change::revoke(self.owner(number), self.id(number), noon()),
            };
            self.store.change(&change).await.unwrap();
            self.returned[number as usize].store(REVOKED, SeqCst);
        }
    }

    /// How often it found what was changed already.
    async fn look_up(self: Arc<Self>, seed: u64) -> usize {
        let (mut random, mut stale) = (split_mix(seed), 0);
        while !self.ended.load(SeqCst) {
            let number = u32::try_from(random() % u64::from(TOKENS)).unwrap();
            stale += usize::from(self.is_stale(number).await);
            yield_now().await;
        }
        for number in 0..TOKENS {
            stale += usize::from(self.is_stale(number).await);
        }
        stale
    }

    async fn is_stale(&self, number: u32) -> bool {
        let returned = self.returned[number as usize].load(SeqCst);
        let record = match self.store.find_cached(self.id(number)) {
            Lookup::Hit(record) => record,
            _ => match self.store.find(self.id(number)).await {
                Ok(found) => found.unwrap(),
                Err(StoreError::Unavailable(_)) => return false,
                Err(error) => panic!("{error}"),
            },
        };
        let (_, edit) = record.name.as_str().split_once('.').unwrap();
        let found = if record.revoked.is_some() { REVOKED } else { edit.parse().unwrap() };
        found < returned
    }
}

/// How many stale answers so many rounds gave; it stops at the first round that has any.
async fn stale_answers(store: Arc<dyn TokenStore>, rounds: u32) -> usize {
    for round in 0..rounds {
        let shop = Shop::open(Arc::clone(&store), round).await;
        let (mut looking, mut changing) = (JoinSet::new(), JoinSet::new());
        (0..LOOKING).for_each(|seed| _ = looking.spawn(Arc::clone(&shop).look_up(u64::from(round) * LOOKING + seed)));
        (0..2).for_each(|which| _ = changing.spawn(Arc::clone(&shop).change(which)));
        let round = async {
            while let Some(changed) = changing.join_next().await {
                changed.unwrap();
            }
            shop.ended.store(true, SeqCst);
            looking.join_all().await.into_iter().sum()
        };
        let stale: usize = timeout(StdDuration::from_secs(120), round).await.expect("it hangs");
        if stale > 0 {
            return stale;
        }
    }
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_finds_what_was_changed_before_they_began() {
    for capacity in [1, 4, 1_000] {
        let cache = CachedStore::builder(Slow::default()).capacity(capacity).clock(ManualClock::new(noon())).build();
        let cache = Arc::new(cache);
        assert_eq!(stale_answers(Arc::clone(&cache) as Arc<dyn TokenStore>, 20).await, 0);
        let stats = cache.stats();
        assert!(stats.hits > 100 && stats.misses > 100 && stats.len <= capacity, "{stats:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_check_finds_caches_that_forget_wrongly() {
    let naive = |flaw| {
        let clock = ManualClock::new(noon());
        Arc::new(NaiveCache::over(Slow::default(), flaw, StdDuration::from_secs(10), clock)) as Arc<dyn TokenStore>
    };
    for flaw in [Flaw::KeepsWhatWasOvertaken, Flaw::ForgetsBeforeTheChange] {
        assert!(stale_answers(naive(flaw), ROUNDS).await > 0, "{flaw:?}");
    }
    assert_eq!(stale_answers(naive(Flaw::None), 20).await, 0, "one that forgets as it should");
}

/// A memory that takes its time before and after it reads and writes.
#[derive(Default)]
struct Slow {
    memory: MemoryStore,
    calls: AtomicU64,
}

impl Slow {
    async fn pause(&self) {
        for _ in 0..self.calls.fetch_add(1, SeqCst) % 4 {
            yield_now().await;
        }
    }
}

#[async_trait]
impl TokenStore for Slow {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.pause().await;
        let found = self.memory.find(id).await;
        self.pause().await;
        found
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.pause().await;
        let changed = self.memory.change(change).await;
        self.pause().await;
        changed
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
