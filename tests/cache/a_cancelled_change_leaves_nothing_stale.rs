//! A change through a cache that was dropped wherever it waited, or that failed in any way: from then on the cache tells what the
//! store holds, whether it was written before, after, or is written by something that goes on when the call is gone. Of its
//! owner nothing is kept until `max_staleness` later, or a minute, and then again.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use common::cached::{Cached, cached_over, settle};
use common::remote_store::{Fault, RemoteStore};
use common::{issue, owner, verdict};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, Pruned, TokenStore};
use personal_tokens::{
    Change, ChangeError, Changed, Duration, Expiry, Issued, NewToken, OwnerId, PersonalTokens, Rejection, Rotation,
    StoreError, Timestamp, TokenChange, TokenId, TokenRecord,
};
use tokio::sync::Notify;

const BOUND: StdDuration = StdDuration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Issue,
    Update,
    Rotate,
    Revoke,
    RevokeAll,
}

/// How a change comes to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// It waits so often before it is written, and so often after.
    Waits {
        before: usize,
        after: usize,
    },
    /// It is written in a task of its own once the test says so.
    GoesOn,
    WrittenThenFails(Fault),
    FailsUnwritten(Fault),
    WrittenThenPanics,
}

impl Call {
    const ALL: [Self; 5] = [Self::Issue, Self::Update, Self::Rotate, Self::Revoke, Self::RevokeAll];

    async fn ask(self, tokens: &PersonalTokens, id: TokenId) -> Result<(), ChangeError> {
        let owner = owner();
        match self {
            Self::Issue => drop(tokens.issue(NewToken::new(owner, "another")).await?),
            Self::Update => {
                let edit = TokenChange::new().name("till").scopes([""; 0]).expires_in(Duration::HOUR);
                drop(tokens.update(&owner, id, edit).await?);
            }
            Self::Rotate => drop(tokens.rotate(&owner, id, Rotation::new()).await?),
            Self::Revoke => drop(tokens.revoke(&owner, id).await?),
            Self::RevokeAll => drop(tokens.revoke_all(&owner).await?),
        }
        Ok(())
    }
}

/// With one token, which the cache keeps.
struct Node {
    cached: Cached<Mannered>,
    issued: Issued,
}

/// What a verification tells.
type Seen = Result<(String, bool, Expiry), Rejection>;

impl Node {
    async fn with(manner: Manner) -> Self {
        Self::with_bound(BOUND, manner).await
    }

    async fn with_bound(bound: StdDuration, manner: Manner) -> Self {
        let wrap = |inner| Mannered { inner, manner: Mutex::default(), goes_on: Arc::default() };
        let cached = cached_over(wrap, |builder| builder.max_staleness(bound));
        let issued = issue(&cached.tokens, "sync").await;
        let node = Self { cached, issued };
        node.assert_that_it_tells_what_is_kept().await;
        assert!(node.asks().await.is_empty(), "it is in the cache");
        *node.cached.cache.inner().manner.lock().unwrap() = Some(manner);
        node
    }

    fn call(&self, call: Call) -> impl Future<Output = Result<(), ChangeError>> + Send + use<> {
        let (tokens, id) = (self.cached.tokens.clone(), self.issued.record.id);
        async move { call.ask(&tokens, id).await }
    }

    async fn seen(&self, tokens: &PersonalTokens) -> Seen {
        let verified = tokens.verify(self.issued.token.expose()).await;
        let told = verified.as_ref().ok().map(|v| (v.name().to_string(), v.allows("products:read"), v.expiry()));
        verdict(verified).map_or_else(|| Ok(told.unwrap()), Err)
    }

    /// The other node has no cache.
    async fn assert_that_it_tells_what_is_kept(&self) {
        assert_eq!(self.seen(&self.cached.tokens).await, self.seen(&self.cached.elsewhere).await);
    }

    /// What verifying twice asks of the store.
    async fn asks(&self) -> Vec<usize> {
        self.cached.finds();
        let mut asks = Vec::new();
        for _ in 0..2 {
            _ = self.seen(&self.cached.tokens).await;
            asks.push(self.cached.finds());
        }
        asks.retain(|finds| *finds > 0);
        asks
    }

    /// Until the quiet is over.
    async fn assert_that_nothing_is_kept_for_a_while(&self) {
        for passed in [Duration::ZERO, Duration::seconds(5), Duration::seconds(5) - Duration::NANOSECOND] {
            self.cached.clock.advance(passed);
            assert_eq!(self.asks().await, [1, 1]);
            self.assert_that_it_tells_what_is_kept().await;
        }
        self.cached.clock.advance(Duration::NANOSECOND);
        assert_eq!(self.asks().await, [1], "it is kept again");
        self.assert_that_it_tells_what_is_kept().await;
    }
}

#[tokio::test]
async fn dropped_at_each_await_point() {
    for call in Call::ALL {
        for before in 0..3 {
            let (after, mut made) = (2 - before, Vec::new());
            for polls in 0.. {
                let node = Node::with(Manner::Waits { before, after }).await;
                let unchanged = node.seen(&node.cached.elsewhere).await;
                let done = {
                    let mut asked = pin!(node.call(call));
                    (0..polls).any(|_| asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready())
                };
                node.assert_that_it_tells_what_is_kept().await;
                made.push(node.seen(&node.cached.elsewhere).await != unchanged);
                match polls {
                    0 => assert!(node.asks().await.is_empty(), "nothing was asked"),
                    _ if done => assert!(node.asks().await.is_empty(), "it is kept again"),
                    _ => node.assert_that_nothing_is_kept_for_a_while().await,
                }
                if done {
                    break;
                }
            }
            let written: Vec<bool> = (0..=3).map(|polls| polls > before && call != Call::Issue).collect();
            assert_eq!(made, written, "{call:?} written after {before} waits");
        }
    }
}

#[tokio::test]
async fn written_when_the_call_is_gone() {
    for call in Call::ALL {
        // Half-way through the quiet, and in its last moment.
        for later in [Duration::ZERO, Duration::seconds(5), Duration::seconds(10) - Duration::NANOSECOND] {
            let node = Node::with(Manner::GoesOn).await;
            let unchanged = node.seen(&node.cached.elsewhere).await;
            assert!(common::poll_once(node.call(call)).is_pending());
            settle().await;
            node.assert_that_it_tells_what_is_kept().await;
            node.cached.clock.advance(later);
            node.assert_that_it_tells_what_is_kept().await;
            assert_eq!(node.seen(&node.cached.elsewhere).await, unchanged);

            node.cached.cache.inner().goes_on.notify_one();
            settle().await;
            assert_eq!(node.seen(&node.cached.elsewhere).await != unchanged, call != Call::Issue, "{call:?}");
            node.assert_that_it_tells_what_is_kept().await;
        }
    }
}

/// As if it had been made elsewhere.
#[tokio::test]
async fn written_when_even_the_quiet_is_over() {
    let node = Node::with(Manner::GoesOn).await;
    assert!(common::poll_once(node.call(Call::Revoke)).is_pending());
    settle().await;
    node.cached.clock.advance(Duration::seconds(10));
    assert_eq!(node.asks().await, [1], "it is kept");
    node.cached.cache.inner().goes_on.notify_one();
    settle().await;
    node.cached.clock.advance(Duration::seconds(10));
    assert_eq!(node.seen(&node.cached.tokens).await, Err(Rejection::Revoked));
}

#[tokio::test]
async fn failed_in_any_way() {
    let faults = Fault::BEFORE.into_iter();
    let manners = faults.flat_map(|fault| [Manner::WrittenThenFails(fault), Manner::FailsUnwritten(fault)]);
    for (call, manner) in Call::ALL.into_iter().flat_map(|call| manners.clone().map(move |manner| (call, manner))) {
        let node = Node::with(manner).await;
        let unchanged = node.seen(&node.cached.elsewhere).await;
        assert!(matches!(node.call(call).await, Err(ChangeError::Store(_))));
        let written = matches!(manner, Manner::WrittenThenFails(_)) && call != Call::Issue;
        assert_eq!(node.seen(&node.cached.elsewhere).await != unchanged, written, "{call:?}, {manner:?}");
        node.assert_that_it_tells_what_is_kept().await;
        node.assert_that_nothing_is_kept_for_a_while().await;
    }
}

#[tokio::test]
async fn ended_by_a_panic() {
    let node = Node::with(Manner::WrittenThenPanics).await;
    assert!(tokio::spawn(node.call(Call::Revoke)).await.unwrap_err().is_panic());
    assert_eq!(node.seen(&node.cached.tokens).await, Err(Rejection::Revoked));
    node.assert_that_nothing_is_kept_for_a_while().await;
}

/// However long records are answered for elsewhere's sake: a client who hangs up must not cost an owner the cache.
#[tokio::test]
async fn nothing_is_kept_for_a_minute_at_most() {
    for bound in [StdDuration::from_secs(3_600), StdDuration::MAX] {
        let node = Node::with_bound(bound, Manner::GoesOn).await;
        assert!(common::poll_once(node.call(Call::Revoke)).is_pending());
        settle().await;
        node.cached.clock.advance(Duration::MINUTE - Duration::NANOSECOND);
        assert_eq!(node.asks().await, [1, 1]);
        node.cached.clock.advance(Duration::NANOSECOND);
        assert_eq!(node.asks().await, [1]);
    }
}

/// A second one that ends well says nothing about the first.
#[tokio::test]
async fn a_change_that_succeeds_ends_no_quiet() {
    let node = Node::with(Manner::GoesOn).await;
    assert!(common::poll_once(node.call(Call::Revoke)).is_pending());
    settle().await;
    *node.cached.cache.inner().manner.lock().unwrap() = None;
    node.call(Call::Update).await.unwrap();
    assert_eq!(node.asks().await, [1, 1]);
    node.cached.cache.inner().goes_on.notify_one();
    settle().await;
    assert_eq!(node.seen(&node.cached.tokens).await, Err(Rejection::Revoked));
}

struct Mannered {
    inner: RemoteStore,
    manner: Mutex<Option<Manner>>,
    goes_on: Arc<Notify>,
}

/// Waits once.
async fn pause() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[async_trait]
impl TokenStore for Mannered {
    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let manner = *self.manner.lock().unwrap();
        match manner {
            None => self.inner.change(change).await,
            Some(Manner::Waits { before, after }) => {
                for _ in 0..before {
                    pause().await;
                }
                let changed = self.inner.change(change).await;
                for _ in 0..after {
                    pause().await;
                }
                changed
            }
            Some(Manner::GoesOn) => {
                let (inner, goes_on, change) = (self.inner.clone(), Arc::clone(&self.goes_on), change.clone());
                let written = tokio::spawn(async move {
                    goes_on.notified().await;
                    inner.change(&change).await
                });
                written.await.unwrap()
            }
            Some(Manner::WrittenThenFails(fault)) => {
                self.inner.change(change).await?;
                Err(fault.error().into())
            }
            Some(Manner::FailsUnwritten(fault)) => Err(fault.error().into()),
            Some(Manner::WrittenThenPanics) => {
                self.inner.change(change).await?;
                panic!("planted")
            }
        }
    }

    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.inner.find(id).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.inner.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.inner.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.inner.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.inner.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.inner.prune(ended_before, at_most).await
    }
}
