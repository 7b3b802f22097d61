//! What is held of `CachedStore` is not true of any cache: each flaw that caches were published with is found by its check, and
//! by no other that it need not be.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::cached::{handle, settle};
use common::forge::forged_with_id;
use common::naive_cache::{Flaw, NaiveCache};
use common::remote_store::{Fault, Method, RemoteStore};
use common::{issue, noon, owner, rejection};
use personal_tokens::store::{CachedStore, TokenStore};
use personal_tokens::{Change, Duration, Issued, ManualClock, PersonalTokens, Rejection};

const BOUND: StdDuration = StdDuration::from_secs(10);

type Check = fn(Node) -> Pin<Box<dyn Future<Output = bool>>>;

/// Each says whether it holds. `fill_change_and_evict_at_once.rs` has another.
const CHECKS: [(Check, Flaw); 6] = [
    (|node| Box::pin(a_revocation_stays(node)), Flaw::KeepsWhatWasOvertaken),
    (|node| Box::pin(a_revocation_whose_answer_was_lost_is_seen(node)), Flaw::ForgetsOnSuccess),
    (|node| Box::pin(a_hit_makes_it_no_younger(node)), Flaw::HitsMakeItYounger),
    (|node| Box::pin(a_slow_read_counts(node)), Flaw::AgesFromTheAnswer),
    (|node| Box::pin(an_unknown_token_is_asked_for_again(node)), Flaw::KeepsUnknown),
    (|node| Box::pin(the_wall_clock_has_no_say(node)), Flaw::AgesByTheWallClock),
];

#[tokio::test]
async fn each_flaw_by_its_check() {
    for (check, found) in CHECKS {
        for flaw in Flaw::ALL {
            assert_eq!(check(Node::new(Some(flaw)).await).await, flaw != found, "{flaw:?} by the check for {found:?}");
        }
        assert!(check(Node::new(Some(Flaw::None)).await).await, "{found:?} where there is no flaw");
        assert!(check(Node::new(None).await).await, "{found:?} in CachedStore");
    }
}

struct Node {
    store: RemoteStore,
    cache: Arc<dyn TokenStore>,
    tokens: PersonalTokens,
    elsewhere: PersonalTokens,
    clock: ManualClock,
    issued: Issued,
}

impl Node {
    /// Over a naive cache with that flaw, or over a `CachedStore`.
    async fn new(flaw: Option<Flaw>) -> Self {
        let (store, clock) = (RemoteStore::default(), ManualClock::new(noon()));
        let builder = CachedStore::builder(store.clone()).max_staleness(BOUND).clock(clock.clone());
        let cache: Arc<dyn TokenStore> = match flaw {
            Some(flaw) => Arc::new(NaiveCache::over(store.clone(), flaw, BOUND, clock.clone())),
            None => Arc::new(builder.build()),
        };
        let (tokens, elsewhere) = (handle(Arc::clone(&cache), &clock), handle(store.clone(), &clock));
        let issued = issue(&elsewhere, "sync").await;
        Self { store, cache, tokens, elsewhere, clock, issued }
    }

    async fn refuses(&self) -> bool {
        rejection(&self.tokens, self.issued.token.expose()).await == Some(Rejection::Revoked)
    }

    async fn accepts(&self) -> bool {
        !self.refuses().await
    }
}

/// Once a look-up that a revocation overtook has come back.
async fn a_revocation_stays(node: Node) -> bool {
    let gate = node.store.hold().await;
    let (cache, id) = (Arc::clone(&node.cache), node.issued.record.id);
    let under_way = tokio::spawn(async move { cache.find(id).await });
    settle().await;
    node.tokens.revoke(&owner(), id).await.unwrap();
    drop(gate);
    under_way.await.unwrap().unwrap();
    node.refuses().await
}

async fn a_revocation_whose_answer_was_lost_is_seen(node: Node) -> bool {
    assert!(node.accepts().await);
    node.store.fail(Method::Change, Fault::AnswerLost);
    node.tokens.revoke(&owner(), node.issued.record.id).await.unwrap_err();
    node.refuses().await
}

async fn a_hit_makes_it_no_younger(node: Node) -> bool {
    assert!(node.accepts().await);
    node.elsewhere.revoke(&owner(), node.issued.record.id).await.unwrap();
    node.clock.advance(Duration::seconds(9));
    assert!(node.accepts().await);
    node.clock.advance(Duration::seconds(9));
    node.refuses().await
}

async fn a_slow_read_counts(node: Node) -> bool {
    let gate = node.store.hold().await;
    let (cache, id) = (Arc::clone(&node.cache), node.issued.record.id);
    let under_way = tokio::spawn(async move { cache.find(id).await });
    settle().await;
    node.elsewhere.revoke(&owner(), id).await.unwrap();
    node.clock.advance(Duration::seconds(9));
    drop(gate);
    under_way.await.unwrap().unwrap();
    node.clock.advance(Duration::seconds(9));
    node.refuses().await
}

async fn an_unknown_token_is_asked_for_again(node: Node) -> bool {
    let (text, record) = forged_with_id([3; 12]);
    assert_eq!(rejection(&node.tokens, &text).await, Some(Rejection::Unknown));
    node.store.change(&Change::issue(record, Arc::default())).await.unwrap();
    rejection(&node.tokens, &text).await.is_none()
}

async fn the_wall_clock_has_no_say(node: Node) -> bool {
    assert!(node.accepts().await);
    node.elsewhere.revoke(&owner(), node.issued.record.id).await.unwrap();
    node.clock.advance(Duration::seconds(10));
    node.clock.set(noon());
    node.refuses().await
}
