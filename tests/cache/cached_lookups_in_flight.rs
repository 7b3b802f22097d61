//! A look-up that has read and is not yet answered when a change returns, or when a cache is told to forget: neither its
//! answer nor what it leaves in the cache is what it read (failures 19, 20).
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::cached::{Cached, cached_over, handle, settle};
use common::remote_store::{Fault, Method};
use common::stepped_store::{HeldFind, SteppedStore};
use common::{issue, other_owner, owner, poll_once};
use personal_tokens::store::{StoreError, TokenStore as _};
use personal_tokens::{Duration, Issued, NewToken, PersonalTokens, Rejection, Rotation, TokenChange};
use tokio::task::JoinHandle;

/// A node one of whose verifications has read that all is well.
struct Overtaken {
    node: Cached<SteppedStore>,
    /// Another handle over the same cache.
    second: PersonalTokens,
    issued: Issued,
    verification: JoinHandle<Option<Rejection>>,
    held: HeldFind,
}

fn node() -> Cached<SteppedStore> {
    cached_over(SteppedStore::over, |builder| builder.max_staleness(StdDuration::from_secs(10)))
}

async fn overtaken() -> Overtaken {
    let node = node();
    let second = handle(Arc::clone(&node.cache), &node.clock);
    let issued = issue(&node.elsewhere, "in flight").await;
    node.cache.inner().hold();
    let verification = node.begin(&issued).await;
    let held = node.cache.inner().held_one();
    Overtaken { node, second, issued, verification, held }
}

impl Overtaken {
    /// What it says, and what the next says, for whom nothing may be kept of what it read.
    async fn verdicts(self) -> [Option<Rejection>; 2] {
        self.node.cache.inner().let_go();
        drop(self.held);
        [self.verification.await.unwrap(), self.node.verdict(&self.issued).await]
    }
}

#[derive(Clone, Copy, Debug)]
enum By {
    Revoke,
    RevokeAll,
    Rotate,
    AnswerLost,
    Cancelled,
}

impl By {
    const ALL: [Self; 5] = [Self::Revoke, Self::RevokeAll, Self::Rotate, Self::AnswerLost, Self::Cancelled];

    async fn change(self, tokens: &PersonalTokens, node: &Cached<SteppedStore>, issued: &Issued) {
        let (owner, id) = (owner(), issued.record.id);
        match self {
            Self::Revoke => drop(tokens.revoke(&owner, id).await.unwrap()),
            Self::RevokeAll => assert_eq!(tokens.revoke_all(&owner).await.unwrap(), 1),
            Self::Rotate => drop(tokens.rotate(&owner, id, Rotation::new()).await.unwrap()),
            Self::AnswerLost => {
                node.store.fail(Method::Change, Fault::AnswerLost);
                tokens.revoke(&owner, id).await.unwrap_err();
            }
            Self::Cancelled => {
                let unanswered = node.store.hold_changes().await;
                assert!(poll_once(tokens.revoke(&owner, id)).is_pending());
                drop(unanswered);
            }
        }
    }

    fn rejection(self) -> Rejection {
        if matches!(self, Self::Rotate) { Rejection::Rotated } else { Rejection::Revoked }
    }
}

#[tokio::test]
async fn a_change_through_the_same_handle() {
    for by in By::ALL {
        let flight = overtaken().await;
        by.change(&flight.node.tokens, &flight.node, &flight.issued).await;
        assert_eq!(flight.verdicts().await, [Some(by.rejection()); 2], "{by:?}");
    }
}

/// They share nothing but the cache.
#[tokio::test]
async fn a_change_through_another_handle() {
    for by in By::ALL {
        let flight = overtaken().await;
        by.change(&flight.second, &flight.node, &flight.issued).await;
        assert_eq!(flight.verdicts().await, [Some(by.rejection()); 2], "{by:?}");
    }
}

#[tokio::test]
async fn a_change_elsewhere_of_which_a_bus_tells() {
    for all in [false, true] {
        let flight = overtaken().await;
        let (cache, id) = (&flight.node.cache, flight.issued.record.id);
        flight.node.elsewhere.revoke(&owner(), id).await.unwrap();
        match all {
            true => cache.invalidate_all(),
            false => cache.invalidate(id),
        }
        assert_eq!(flight.verdicts().await, [Some(Rejection::Revoked); 2], "of all: {all}");
    }
}

/// Of which nobody told: it lasts until the bound, and no longer.
#[tokio::test]
async fn a_change_elsewhere_alone() {
    let Overtaken { node, issued, verification, held, .. } = overtaken().await;
    node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
    node.cache.inner().let_go();
    node.clock.advance(Duration::seconds(9));
    drop(held);
    assert_eq!(verification.await.unwrap(), None);
    assert_eq!(node.verdict(&issued).await, None);
    node.clock.advance(Duration::SECOND);
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Revoked));
}

#[tokio::test]
async fn an_edit_is_seen_by_the_verification_under_way() {
    let Overtaken { node, second, issued, held, .. } = overtaken().await;
    let presented = issued.token.expose().to_owned();
    let tokens = node.tokens.clone();
    let verification = tokio::spawn(async move { tokens.verify(presented).await });
    settle().await;
    second.update(&owner(), issued.record.id, TokenChange::new().scopes([""; 0])).await.unwrap();
    node.cache.inner().let_go();
    drop(held);
    assert!(!verification.await.unwrap().unwrap().allows("products:read"));
}

/// The cache by itself: a host may use it without a handle.
#[tokio::test]
async fn the_cache_answers_no_record_that_a_change_overtook() {
    let Overtaken { node, second, issued, held, .. } = overtaken().await;
    let (cache, id) = (Arc::clone(&node.cache), issued.record.id);
    let found = tokio::spawn(async move { cache.find(id).await });
    settle().await;
    second.revoke(&owner(), id).await.unwrap();
    node.cache.inner().let_go();
    drop(held);
    assert!(found.await.unwrap().unwrap().unwrap().revoked.is_some());
}

/// Each of its look-ups meets a change: it answers nothing rather than what is stale, and gives up at some time.
#[tokio::test]
async fn a_record_that_never_stands_still_is_not_answered() {
    let Overtaken { node, second, issued, held, verification } = overtaken().await;
    verification.abort();
    drop(held);
    let (cache, id) = (Arc::clone(&node.cache), issued.record.id);
    let find = tokio::spawn(async move { cache.find(id).await });
    settle().await;
    for lookup in 1..=8 {
        let held = node.cache.inner().held_one();
        second.update(&owner(), id, TokenChange::new().name(format!("name {lookup}"))).await.unwrap();
        assert!(!find.is_finished(), "it gave up after {lookup}");
        drop(held);
        settle().await;
    }
    assert!(find.is_finished() && node.cache.inner().held().is_empty());
    assert!(matches!(find.await.unwrap(), Err(StoreError::Unavailable(_))));
    node.cache.inner().let_go();
    assert_eq!(node.cache.find(id).await.unwrap().unwrap().name.as_str(), "name 8");
}

#[tokio::test]
async fn whoever_begins_after_a_change_does_not_wait_for_who_began_before() {
    let Overtaken { node, issued, verification, held, .. } = overtaken().await;
    node.tokens.revoke(&owner(), issued.record.id).await.unwrap();
    let after = node.begin(&issued).await;
    let second = node.cache.inner().held_one();
    drop(second);
    assert_eq!(after.await.unwrap(), Some(Rejection::Revoked), "while the other is still under way");
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Revoked));

    // The older answers last, and replaces nothing.
    node.cache.inner().let_go();
    drop(held);
    assert_eq!(verification.await.unwrap(), Some(Rejection::Revoked));
    node.finds();
    assert_eq!((node.verdict(&issued).await, node.finds()), (Some(Rejection::Revoked), 0));
}

/// And is waited for by who begins later still, when the older has ended, and by the older itself.
#[tokio::test]
async fn the_newer_look_up_is_joined_when_the_older_has_ended() {
    let Overtaken { node, issued, verification, held, .. } = overtaken().await;
    node.tokens.revoke(&owner(), issued.record.id).await.unwrap();
    let newer = node.begin(&issued).await;
    let second = node.cache.inner().held_one();
    drop(held);
    settle().await;
    let later = node.begin(&issued).await;
    assert!(node.cache.inner().held().is_empty(), "it asks the store once more");
    drop(second);
    for verification in [verification, newer, later] {
        assert_eq!(verification.await.unwrap(), Some(Rejection::Revoked));
    }
}

#[tokio::test]
async fn nor_does_who_begins_when_that_is_as_long_ago_as_the_bound() {
    let Overtaken { node, issued, verification, held, .. } = overtaken().await;
    node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
    node.clock.advance(Duration::seconds(10) - Duration::NANOSECOND);
    let joined = node.begin(&issued).await;
    assert!(node.cache.inner().held().is_empty(), "it waits for the first");
    node.clock.advance(Duration::NANOSECOND);
    let late = node.begin(&issued).await;
    drop(node.cache.inner().held_one());
    assert_eq!(late.await.unwrap(), Some(Rejection::Revoked), "while the first is still under way");

    // The older answers last: those who waited for it get it, and nobody else does.
    node.cache.inner().let_go();
    drop(held);
    assert_eq!((verification.await.unwrap(), joined.await.unwrap()), (None, None));
    node.finds();
    assert_eq!((node.verdict(&issued).await, node.finds()), (Some(Rejection::Revoked), 0), "what is newer stays");
}

/// A change of unknown outcome may be written later: who begins then must not be told what was read before.
#[tokio::test]
async fn nor_does_who_begins_when_a_change_of_unknown_outcome_has_landed() {
    for landed in [false, true] {
        let node = node();
        let issued = issue(&node.elsewhere, "sync").await;
        node.store.fail(Method::Change, Fault::TimedOut);
        node.tokens.revoke(&owner(), issued.record.id).await.unwrap_err();
        node.store.work();
        node.cache.inner().hold();
        let before = node.begin(&issued).await;
        if landed {
            node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
        }
        let after = node.begin(&issued).await;
        node.cache.inner().let_go();
        let expected = landed.then_some(Rejection::Revoked);
        assert_eq!((before.await.unwrap(), after.await.unwrap()), (None, expected));
    }
}

#[tokio::test]
async fn where_nothing_changed_one_look_up_is_enough() {
    let flight = overtaken().await;
    flight.node.finds();
    let store = flight.node.store.clone();
    assert_eq!(flight.verdicts().await, [None; 2]);
    assert_eq!(store.take_calls(), []);
}

/// Owners who share a place by chance disturb each other, one pair in 4,096 in each cache and each handle: so three may try.
#[tokio::test]
async fn another_owners_changes_disturb_no_look_up() {
    for _ in 0..3 {
        let flight = overtaken().await;
        flight.node.tokens.issue(NewToken::new(other_owner(), "other")).await.unwrap();
        flight.node.finds();
        let store = flight.node.store.clone();
        assert_eq!(flight.verdicts().await, [None; 2]);
        if store.take_calls().is_empty() {
            return;
        }
    }
    panic!("each time a second look-up");
}

/// Whoever may ask for changes must not be able to make others' look-ups look twice, or fail, nor to empty the cache.
#[tokio::test]
async fn changes_that_are_refused_disturb_no_look_up() {
    let flight = overtaken().await;
    let (tokens, id) = (&flight.node.tokens, flight.issued.record.id);
    let refused = async || {
        for _ in 0..10 {
            tokens.issue(NewToken::new(owner(), "in flight")).await.unwrap_err();
            tokens.revoke(&other_owner(), id).await.unwrap_err();
            tokens.rotate(&other_owner(), id, Rotation::new()).await.unwrap_err();
        }
    };
    refused().await;
    flight.node.finds();
    flight.node.cache.inner().let_go();
    drop(flight.held);
    assert_eq!(flight.verification.await.unwrap(), None);
    refused().await;
    assert_eq!(flight.node.verdict(&flight.issued).await, None);
    assert_eq!(flight.node.finds(), 0, "one is enough");
}
