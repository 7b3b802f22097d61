//! How old what a cache answers may be: less than its bound, counted from the moment at which the read began, whatever hits it
//! and whoever sets the wall clock (failures 18, 21). What is kept is no verdict, and of unknown tokens nothing is kept.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::cached::{Cached, cached};
use common::forge::{forge, forged_with_id, random_of};
use common::rulebook::after;
use common::{issue, noon, other_owner, owner, rejection};
use personal_tokens::store::{CachedStore, MemoryStore, TokenStore as _};
use personal_tokens::{
    Change, Clock, Duration, ManualClock, NewToken, Policy, Rejection, Rotation, Timestamp, TimestampOutOfRange,
    TokenChange,
};

const BOUND: StdDuration = StdDuration::from_secs(10);
const NANOSECOND: Duration = Duration::NANOSECOND;

fn node() -> Cached {
    cached(|builder| builder.max_staleness(BOUND))
}

#[tokio::test]
async fn a_record_is_answered_for_less_than_the_bound() {
    let standard = CachedStore::new(MemoryStore::new()).max_staleness();
    assert_eq!(standard, StdDuration::from_secs(30));
    for bound in [StdDuration::from_nanos(1), StdDuration::from_micros(7), BOUND, standard, StdDuration::MAX] {
        let node = cached(|builder| builder.max_staleness(bound));
        assert_eq!(node.cache.max_staleness(), bound);
        let issued = issue(&node.elsewhere, "sync").await;
        node.elsewhere.verify(issued.token.expose()).await.unwrap();
        node.finds();
        assert_eq!((node.verdict(&issued).await, node.finds()), (None, 1));
        node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();

        let most = Duration::try_from(bound.min(StdDuration::from_secs(1_000_000_000))).unwrap();
        node.clock.advance(most - NANOSECOND);
        assert_eq!((node.verdict(&issued).await, node.finds()), (None, 0), "younger than {bound:?}");
        node.clock.advance(NANOSECOND);
        let last = if bound == StdDuration::MAX { (None, 0) } else { (Some(Rejection::Revoked), 1) };
        assert_eq!((node.verdict(&issued).await, node.finds()), last, "as old as {bound:?}");
    }
}

/// A coarse clock that moves in steps, and one that always lies behind by as much as it may.
#[derive(Clone, Debug)]
struct Coarse(ManualClock, fn(StdDuration) -> StdDuration);

const STEP: StdDuration = StdDuration::from_millis(4);

impl Clock for Coarse {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        self.0.now()
    }

    fn monotonic(&self) -> StdDuration {
        self.0.monotonic()
    }

    fn coarse_monotonic(&self) -> StdDuration {
        (self.1)(self.monotonic())
    }

    fn lag(&self) -> StdDuration {
        STEP
    }
}

/// Nor shortens it.
#[tokio::test]
async fn a_coarse_clock_makes_the_bound_no_longer() {
    let bounds = [StdDuration::from_nanos(1), StdDuration::from_millis(3), STEP, StdDuration::from_millis(5), BOUND];
    let ticking = |now: StdDuration| now - StdDuration::from_nanos(u64::from(now.subsec_nanos()) % 4_000_000);
    let late = |now: StdDuration| now.saturating_sub(STEP);
    for coarse in [ticking as fn(StdDuration) -> StdDuration, late] {
        for (bound, since_a_tick) in bounds.iter().flat_map(|bound| [0, 1, 1_999_999, 3_999_999].map(|ns| (*bound, ns)))
        {
            let clock = ManualClock::new(noon());
            let node = cached(|builder| builder.max_staleness(bound).clock(Coarse(clock.clone(), coarse)));
            let issued = issue(&node.elsewhere, "sync").await;
            clock.advance(Duration::MINUTE + Duration::nanoseconds(since_a_tick));
            assert_eq!((node.verdict(&issued).await, node.finds()), (None, 1));
            node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
            node.finds();
            let began = clock.monotonic();
            for younger in [StdDuration::ZERO, bound.saturating_sub(STEP), bound - StdDuration::from_nanos(1)] {
                clock.advance(Duration::try_from(began + younger - clock.monotonic()).unwrap());
                assert_eq!(
                    (node.verdict(&issued).await, node.finds()),
                    (None, 0),
                    "{younger:?} old, less than {bound:?}"
                );
            }
            clock.advance(NANOSECOND);
            assert_eq!(
                (node.verdict(&issued).await, node.finds()),
                (Some(Rejection::Revoked), 1),
                "as old as {bound:?}"
            );
        }
    }
}

#[tokio::test]
async fn without_staleness_the_store_is_asked_each_time() {
    let node = cached(|builder| builder.max_staleness(StdDuration::ZERO));
    let issued = issue(&node.tokens, "sync").await;
    for _ in 0..3 {
        node.finds();
        assert_eq!((node.verdict(&issued).await, node.finds()), (None, 1));
    }
    node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Revoked));
    assert_eq!(node.cache.stats().hits, 0);
}

#[tokio::test]
async fn the_time_that_a_read_takes_counts() {
    for taken in [1, 9, 10, 11] {
        let node = node();
        let issued = issue(&node.elsewhere, "slow").await;
        let gate = node.store.hold().await;
        let verification = node.begin(&issued).await;
        node.clock.advance(Duration::seconds(taken));
        drop(gate);
        assert_eq!(verification.await.unwrap(), None);

        node.finds();
        let asked = usize::from(taken >= 10);
        assert_eq!((node.verdict(&issued).await, node.finds()), (None, asked), "after {taken} s");
        if asked == 0 {
            node.clock.advance(Duration::seconds(10 - taken) - NANOSECOND);
            assert_eq!((node.verdict(&issued).await, node.finds()), (None, 0));
            node.clock.advance(NANOSECOND);
            assert_eq!((node.verdict(&issued).await, node.finds()), (None, 1));
        }
    }
}

/// Nothing is read yet.
#[tokio::test]
async fn the_time_that_it_waits_for_its_turn_does_not() {
    let node = cached(|builder| builder.max_staleness(BOUND).lookups(1));
    let [first, second] = [issue(&node.elsewhere, "first").await, issue(&node.elsewhere, "second").await];
    let gate = node.store.hold().await;
    let under_way = [node.begin(&first).await, node.begin(&second).await];
    assert_eq!(node.finds(), 1, "the other waits");
    node.clock.advance(Duration::seconds(9));
    drop(gate);
    for verification in under_way {
        assert_eq!(verification.await.unwrap(), None);
    }
    node.finds();
    node.clock.advance(Duration::seconds(9));
    assert_eq!((node.verdict(&second).await, node.finds()), (None, 0));
    assert_eq!((node.verdict(&first).await, node.finds()), (None, 1));
}

#[tokio::test]
async fn hits_make_it_no_younger() {
    let node = node();
    let issued = issue(&node.elsewhere, "hammered").await;
    node.finds();
    // Three bounds, a hundred hits each.
    let finds: Vec<usize> = hammered(&node, &issued, 300).await.iter().map(|(_, finds)| *finds).collect();
    assert_eq!(finds.iter().sum::<usize>(), 3);
    assert_eq!([finds[0], finds[100], finds[200]], [1, 1, 1]);

    node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
    let verdicts = hammered(&node, &issued, 101).await;
    assert_eq!(verdicts.last().unwrap().0, Some(Rejection::Revoked));
}

/// Verified once every hundredth of the bound: what came of it, and how often the store was asked.
async fn hammered(node: &Cached, issued: &personal_tokens::Issued, times: u32) -> Vec<(Option<Rejection>, usize)> {
    let mut seen = Vec::new();
    for _ in 0..times {
        seen.push((node.verdict(issued).await, node.finds()));
        node.clock.advance(Duration::try_from(BOUND).unwrap() / 100);
    }
    seen
}

#[tokio::test]
async fn the_wall_clock_has_no_say() {
    for wall in [after(-3_600), after(3_600), after(-365 * 86_400), noon()] {
        let node = node();
        let issued = issue(&node.elsewhere, "sync").await;
        assert_eq!(node.verdict(&issued).await, None);
        node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
        node.finds();
        node.clock.advance(Duration::seconds(9));
        node.clock.set(wall);
        assert_eq!((node.verdict(&issued).await, node.finds()), (None, 0), "no time passed: {wall}");
        node.clock.advance(Duration::SECOND);
        node.clock.set(wall);
        assert_eq!((node.verdict(&issued).await, node.finds()), (Some(Rejection::Revoked), 1), "{wall}");
    }
}

#[tokio::test]
async fn expiry_and_grace_end_on_time() {
    let node = node();
    let expiring = NewToken::new(owner(), "expiring").expires_in(Duration::seconds(5));
    let expiring = node.tokens.issue(expiring).await.unwrap();
    let rotated = node.tokens.issue(NewToken::new(other_owner(), "rotated")).await.unwrap();
    let grace = Rotation::new().grace(Duration::seconds(5));
    node.tokens.rotate(&other_owner(), rotated.record.id, grace).await.unwrap();
    for (issued, rejection) in [(expiring, Rejection::Expired), (rotated, Rejection::Rotated)] {
        node.clock.set(noon());
        assert_eq!(node.verdict(&issued).await, None);
        node.finds();
        node.clock.set(after(5).checked_add(-Duration::MICROSECOND).unwrap());
        assert_eq!((node.verdict(&issued).await, node.finds()), (None, 0));
        node.clock.set(after(5));
        assert_eq!((node.verdict(&issued).await, node.finds()), (Some(rejection), 0));
    }
}

#[tokio::test]
async fn an_expired_token_that_is_extended_elsewhere_lives_within_the_bound() {
    let node = node();
    let short = NewToken::new(owner(), "short").expires_in(Duration::SECOND);
    let issued = node.elsewhere.issue(short).await.unwrap();
    node.clock.advance(Duration::SECOND);
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Expired));
    let later = TokenChange::new().expires_in(Duration::HOUR);
    node.elsewhere.update(&owner(), issued.record.id, later).await.unwrap();
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Expired), "from memory");
    node.clock.advance(Duration::seconds(10));
    assert_eq!(node.verdict(&issued).await, None);
}

/// Failures 24: what one secret was told, another is not.
#[tokio::test]
async fn the_secret_is_judged_at_each_hit() {
    let node = node();
    let issued = issue(&node.tokens, "sync").await;
    assert_eq!(node.verdict(&issued).await, None);
    node.finds();
    let mut wrong = random_of(issued.token.expose());
    wrong[43] ^= 1;
    assert_eq!(rejection(&node.tokens, forge("shop", &wrong)).await, Some(Rejection::Unknown));
    assert_eq!((node.verdict(&issued).await, node.finds()), (None, 0));
}

#[tokio::test]
async fn of_an_unknown_token_nothing_is_kept() {
    let node = node();
    let (text, record) = forged_with_id([3; 12]);
    for _ in 0..3 {
        assert_eq!(rejection(&node.tokens, &text).await, Some(Rejection::Unknown));
        assert_eq!((node.finds(), node.cache.stats().len), (1, 0));
    }
    let issue = Change::issue(record, Arc::new(Policy::default()));
    node.store.change(&issue).await.unwrap();
    assert_eq!(rejection(&node.tokens, &text).await, None, "at once, though it was issued elsewhere");
}
