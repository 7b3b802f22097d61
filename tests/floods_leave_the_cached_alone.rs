//! A flood of well-formed tokens that nobody issued takes neither the host's pool nor the memory, pushes out nothing that
//! is in use, and keeps no cached token from being verified (failures 22, 23).
#![cfg(all(feature = "postgres", feature = "cache", feature = "memory", feature = "testing"))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration as StdDuration;

use allocation_counter::measure;
use common::forge::{RANDOM_LEN, forge};
use common::noon;
use common::postgres::{run, shared};
use common::random::split_mix;
use personal_tokens::store::sqlx::{self, PgPool};
use personal_tokens::store::{CacheStats, CachedStore, PostgresStore};
use personal_tokens::{ManualClock, NewToken, PersonalTokens, Rejection, StoreError, VerifyError};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How many unknown ones are presented at once.
const AT_ONCE: usize = 512;
/// In use, and so in the cache.
const GOOD: usize = 200;
/// Of the host's pool.
const CONNECTIONS: u32 = 5;
/// For whatever takes no longer unless it hangs.
const PATIENCE: StdDuration = StdDuration::from_secs(60);

#[test]
fn a_flood_of_unknown_tokens_takes_nothing_from_those_in_use() {
    is_withstood(20_000);
}

#[test]
#[ignore = "a minute"]
fn nor_does_one_of_a_hundred_thousand() {
    is_withstood(100_000);
}

fn is_withstood(flood: u64) {
    // Of one thread, so that all that is allocated is counted.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shop = runtime.block_on(Shop::open(3, 1_024));
    runtime.block_on(shop.withstands(2_000, AT_ONCE));
    let mut seen = Seen::default();
    let allocated = measure(|| seen = runtime.block_on(shop.withstands(flood, AT_ONCE)));
    println!(
        "{flood} unknown ones in {:.1} s, {AT_ONCE} at once; meanwhile {} verifications of cached ones, {} queries of the \
         host, the slowest in {} ms; {} bytes more are kept, {} more were at most",
        seen.seconds, seen.verified, seen.queries, seen.slowest, allocated.bytes_current, allocated.bytes_max
    );
    assert!(seen.verified > 1_000 && seen.queries > 100, "{seen:?}");
    // Less than an id of each.
    assert!(allocated.bytes_current < 128 * 1_024, "{allocated:?}");
    assert!(allocated.bytes_max < 64 * 1_024 * 1_024, "{allocated:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_at_once_than_may_wait_are_turned_away_and_no_cached_one_is() {
    let shop = Shop::open(3, 50).await;
    let mut flood = JoinSet::new();
    for unknown in unknown(2_000) {
        let tokens = shop.tokens.clone();
        flood.spawn(async move { timeout(PATIENCE, tokens.verify(unknown)).await.expect("it is answered") });
    }
    let (mut unknown, mut turned_away) = (0, 0);
    while let Some(answer) = flood.join_next().await {
        match answer.unwrap() {
            Err(VerifyError::Rejected(Rejection::Unknown)) => unknown += 1,
            Err(VerifyError::Store(StoreError::Unavailable(_))) => turned_away += 1,
            other => panic!("{other:?}"),
        }
        shop.verify_a_good_one(unknown + turned_away).await;
    }
    assert!(unknown >= 53 && turned_away > 0, "{unknown} unknown, {turned_away} turned away");
    // It is over at once.
    shop.withstands(200, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_ups_that_all_hang_leave_the_host_its_connections() {
    let shop = Shop::open(3, 1_024).await;
    let mut other = shop.pool.acquire().await.unwrap().detach();
    run(&mut other, "BEGIN; LOCK TABLE personal_tokens IN ACCESS EXCLUSIVE MODE").await;
    let mut flood = JoinSet::new();
    for unknown in unknown(100) {
        let tokens = shop.tokens.clone();
        flood.spawn(async move { timeout(PATIENCE, tokens.verify(unknown)).await.expect("it is answered") });
    }
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let mut queries = 0;
    while queries < 100 {
        let waiting = sqlx::query_scalar::<_, i64>(waiting).fetch_one(&shop.pool);
        let waiting = timeout(PATIENCE, waiting).await.expect("the host is served").unwrap();
        assert!(waiting <= 3, "{waiting} look-ups at once");
        queries += usize::from(waiting == 3);
        shop.verify_a_good_one(queries).await;
    }
    run(&mut other, "ROLLBACK").await;
    for answer in flood.join_all().await {
        assert!(matches!(answer, Err(VerifyError::Rejected(Rejection::Unknown))), "{answer:?}");
    }
}

struct Shop {
    pool: PgPool,
    cached: Arc<CachedStore<PostgresStore>>,
    tokens: PersonalTokens,
    good: Vec<String>,
}

/// While a flood went on.
#[derive(Debug, Default)]
struct Seen {
    verified: u64,
    queries: u64,
    slowest: u128,
    seconds: f64,
}

impl Shop {
    async fn open(lookups: usize, waiting: usize) -> Self {
        let server = shared();
        let pool = server.pool(&server.new_database().await, CONNECTIONS);
        let store = PostgresStore::from_pool(pool.clone()).named_statements(true).deadline(2 * PATIENCE);
        store.create_tables().await.unwrap();
        let clock = ManualClock::new(noon());
        let cached = CachedStore::builder(store).capacity(2 * GOOD).lookups(lookups).waiting(waiting);
        let cached = Arc::new(cached.clock(clock.clone()).build());
        let builder = PersonalTokens::builder(Arc::clone(&cached)).prefix("shop").max_active_per_owner(None);
        let tokens = builder.clock(clock).build().unwrap();
        let mut good = Vec::new();
        for number in 0..GOOD {
            let issued = tokens.issue(NewToken::new("store-42", format!("token {number}"))).await.unwrap();
            good.push(issued.token.expose().to_owned());
        }
        let shop = Self { pool, cached, tokens, good };
        for number in 0..GOOD {
            shop.verify_a_good_one(number).await;
        }
        shop
    }

    /// Asserts that nothing else changes.
    async fn withstands(&self, flood: u64, at_once: usize) -> Seen {
        let (before, began) = (self.cached.stats(), std::time::Instant::now());
        let left = Arc::new(AtomicU64::new(flood));
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let (tokens, left) = (self.tokens.clone(), Arc::clone(&left));
            workers.spawn(async move {
                for unknown in unknown(u64::MAX) {
                    if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
                        return;
                    }
                    let answer = timeout(PATIENCE, tokens.verify(unknown)).await.expect("it is answered");
                    assert!(matches!(answer, Err(VerifyError::Rejected(Rejection::Unknown))), "{answer:?}");
                }
            });
        }
        let mut seen = Seen::default();
        let verifying = async {
            loop {
                self.verify_a_good_one(seen.verified as usize).await;
                seen.verified += 1;
                tokio::task::yield_now().await;
            }
        };
        let querying = async {
            loop {
                let began = std::time::Instant::now();
                let one = sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&self.pool);
                assert_eq!(timeout(PATIENCE, one).await.expect("the host is served").unwrap(), 1);
                seen.slowest = seen.slowest.max(began.elapsed().as_millis());
                seen.queries += 1;
            }
        };
        tokio::select! {
            answered = workers.join_all() => drop(answered),
            () = verifying => {}
            () = querying => {}
        }
        seen.seconds = began.elapsed().as_secs_f64();
        for number in 0..GOOD {
            self.verify_a_good_one(number).await;
        }
        // No store was asked for a good one, and none was pushed out; no unknown one is kept.
        let CacheStats { hits, misses, len, .. } = self.cached.stats();
        assert_eq!((misses - before.misses, len), (flood, GOOD));
        assert_eq!(hits - before.hits, seen.verified + GOOD as u64);
        seen
    }

    async fn verify_a_good_one(&self, number: usize) {
        let verified = self.tokens.verify(&self.good[number % GOOD]).await.unwrap();
        assert_eq!(verified.name().as_str(), format!("token {}", number % GOOD));
    }
}

/// No two are the same.
fn unknown(count: u64) -> impl Iterator<Item = String> {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let mut random = split_mix(SEED.fetch_add(1, Ordering::Relaxed) << 32);
    (0..count).map(move |_| {
        let mut bytes = [0; RANDOM_LEN];
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&random().to_le_bytes()[..chunk.len()]));
        forge("shop", &bytes)
    })
}
