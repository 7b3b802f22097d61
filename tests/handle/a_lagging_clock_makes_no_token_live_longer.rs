//! Verification reads a clock that may lie behind, and asks the exact one before an end: a token is refused at its expiry
//! and at the end of its grace to the microsecond all the same.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration as StdDuration;

use personal_tokens::store::MemoryStore;
use personal_tokens::{
    Clock, Duration, ManualClock, NewToken, PersonalTokens, Rejection, Rotation, Timestamp, TimestampOutOfRange,
    VerifyError,
};

const LAG: StdDuration = StdDuration::from_secs(1);

/// Its coarse answers are a whole lag old.
#[derive(Clone, Debug)]
struct Lagging {
    exact: ManualClock,
    asked: Arc<AtomicU32>,
}

impl Clock for Lagging {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.exact.now()
    }

    fn monotonic(&self) -> StdDuration {
        self.exact.monotonic()
    }

    fn coarse_now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        Ok(self.exact.now()?.saturating_add(-Duration::try_from(LAG).unwrap()))
    }

    fn lag(&self) -> StdDuration {
        LAG
    }
}

fn shop() -> (PersonalTokens, Lagging) {
    let exact = ManualClock::new(common::noon());
    let clock = Lagging { exact, asked: Arc::default() };
    (PersonalTokens::builder(MemoryStore::new()).prefix("shop").clock(clock.clone()).build().unwrap(), clock)
}

async fn verdict(shop: &PersonalTokens, token: &str) -> Result<(), Rejection> {
    match shop.verify(token).await {
        Ok(_) => Ok(()),
        Err(VerifyError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_expiry_ends_it_to_the_microsecond() {
    let (shop, clock) = shop();
    let issued = shop.issue(NewToken::new("store-42", "sync").expires_in(Duration::hours(1))).await.unwrap();
    clock.exact.advance(Duration::hours(1) - Duration::MICROSECOND);
    assert_eq!(verdict(&shop, issued.token.expose()).await, Ok(()));
    clock.exact.advance(Duration::MICROSECOND);
    assert_eq!(verdict(&shop, issued.token.expose()).await, Err(Rejection::Expired));
}

#[tokio::test]
async fn a_grace_ends_to_the_microsecond() {
    let (shop, clock) = shop();
    let issued = shop.issue(NewToken::new("store-42", "sync")).await.unwrap();
    let rotation = Rotation::new().grace(Duration::minutes(5));
    shop.rotate(&issued.record.owner, issued.record.id, rotation).await.unwrap();
    clock.exact.advance(Duration::minutes(5) - Duration::MICROSECOND);
    assert_eq!(verdict(&shop, issued.token.expose()).await, Ok(()));
    clock.exact.advance(Duration::MICROSECOND);
    assert_eq!(verdict(&shop, issued.token.expose()).await, Err(Rejection::Rotated));
}

#[tokio::test]
async fn long_before_an_end_the_exact_clock_is_left_alone() {
    let (shop, clock) = shop();
    let never = shop.issue(NewToken::new("store-42", "never")).await.unwrap();
    let later = shop.issue(NewToken::new("store-42", "later").expires_in(Duration::hours(1))).await.unwrap();
    let mut asked = Vec::new();
    for _ in 0..2 {
        for issued in [&never, &later] {
            assert_eq!(verdict(&shop, issued.token.expose()).await, Ok(()));
        }
        asked.push(clock.asked.load(Ordering::Relaxed));
    }
    // The first time each use is noted, by the exact one.
    assert_eq!(asked[0], asked[1]);
}

#[tokio::test]
async fn a_use_is_kept_as_the_exact_clock_has_it() {
    let (shop, clock) = shop();
    let issued = shop.issue(NewToken::new("store-42", "sync")).await.unwrap();
    assert_eq!(verdict(&shop, issued.token.expose()).await, Ok(()));
    let record = shop.get(&issued.record.owner, issued.record.id).await.unwrap().unwrap();
    let used = shop.last_used(&record).unwrap();
    assert_eq!(used.at, clock.exact.now().unwrap());
    // How far apart two uses are that are taken for one, is judged by the lagging one.
    assert_eq!(used.accuracy, shop.usage_resolution() * 2 + LAG);
}
