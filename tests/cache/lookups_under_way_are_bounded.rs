//! Of look-ups of different ids so many ask the store at a time, and so many more wait; beyond, the answer is "unavailable" at
//! once, 503 at the door. Whatever ends, however it ends, makes room again.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration as StdDuration;

use common::cached::{Cached, cached_over};
use common::door::{bearer, knock};
use common::forge::forge;
use common::random::split_mix;
use common::rulebook::token_id;
use common::stepped_store::SteppedStore;
use common::{issue, owner};
use http::StatusCode;
use personal_tokens::store::{StoreError, TokenStore as _};
use personal_tokens::{TokenChange, TokenRecord};
use tokio::time::timeout;

type Answer = Result<Option<Arc<TokenRecord>>, StoreError>;
type Find<'f> = Pin<Box<dyn Future<Output = Answer> + Send + 'f>>;

const LOOKUPS: usize = 2;
const WAITING: usize = 3;

/// Whose look-ups stop.
fn node() -> Cached<SteppedStore> {
    let node = cached_over(SteppedStore::over, |builder| builder.lookups(LOOKUPS).waiting(WAITING));
    node.cache.inner().hold();
    node
}

async fn poll(find: &mut Find<'_>) -> Poll<Answer> {
    // Who goes on for long without it finds tokio's semaphores closed.
    tokio::task::yield_now().await;
    poll_fn(|cx| Poll::Ready(find.as_mut().poll(cx))).await
}

/// Look-ups of these ids, each begun: those that wait, and how many there was no room for.
async fn begun(node: &Cached<SteppedStore>, ids: std::ops::Range<u32>) -> (Vec<Find<'_>>, usize) {
    let (mut waiting, mut refused) = (Vec::new(), 0);
    for id in ids {
        let mut find = node.cache.find(token_id(id));
        match poll(&mut find).await {
            Poll::Pending => waiting.push(find),
            Poll::Ready(Err(StoreError::Unavailable(_))) => refused += 1,
            Poll::Ready(answer) => panic!("{answer:?}"),
        }
    }
    (waiting, refused)
}

async fn answer<T>(future: impl Future<Output = T>) -> T {
    timeout(StdDuration::from_secs(60), future).await.expect("it hangs")
}

/// As many as in a new cache.
async fn assert_that_all_is_free(node: &Cached<SteppedStore>) {
    node.cache.inner().hold();
    drop(node.cache.inner().held());
    let (waiting, refused) = begun(node, 1_000_000..1_000_010).await;
    assert_eq!((waiting.len(), refused), (LOOKUPS + WAITING, 10 - LOOKUPS - WAITING));
    assert_eq!(node.cache.inner().held().len(), LOOKUPS);
    drop(waiting);
}

#[tokio::test]
async fn some_ask_some_wait_and_the_others_are_refused() {
    let node = node();
    let (mut waiting, refused) = begun(&node, 0..10).await;
    assert_eq!((waiting.len(), refused), (5, 5));
    let mut asked = Vec::new();
    while !waiting.is_empty() {
        let held = node.cache.inner().held();
        assert_eq!(held.len(), LOOKUPS.min(waiting.len()), "no more at a time, and no fewer");
        asked.extend(held.iter().map(|held| held.id));
        for find in waiting.drain(..held.len()).zip(held).map(|(find, _)| find) {
            assert_eq!(answer(find).await.unwrap(), None);
        }
        for find in &mut waiting {
            assert!(poll(find).await.is_pending());
        }
    }
    assert_eq!(asked, [0, 1, 2, 3, 4].map(token_id), "in turn");
    assert_that_all_is_free(&node).await;
}

#[tokio::test]
async fn the_door_answers_503_beyond() {
    let node = node();
    let kept = issue(&node.elsewhere, "kept").await;
    node.cache.inner().let_go();
    assert_eq!(node.verdict(&kept).await, None);
    node.cache.inner().hold();
    let (waiting, _) = begun(&node, 0..5).await;
    let unknown = forge("shop", &[3; 44]);
    let (refused, calls) = knock(&node.tokens, bearer(&unknown)).await;
    assert_eq!((refused.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0));
    let (let_in, calls) = knock(&node.tokens, bearer(kept.token.expose())).await;
    assert_eq!((let_in.status(), calls), (StatusCode::OK, 1), "what is kept needs no look-up");

    drop(waiting);
    node.cache.inner().let_go();
    let (refused, _) = knock(&node.tokens, bearer(&unknown)).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_joins_needs_no_room() {
    let node = node();
    let (waiting, _) = begun(&node, 0..5).await;
    for id in 0..5 {
        let (joined, refused) = begun(&node, id..id + 1).await;
        assert_eq!((joined.len(), refused), (1, 0));
    }
    drop(waiting);
    assert_that_all_is_free(&node).await;
}

/// It is answered to those who wait for it, and counts as long as it is under way.
#[tokio::test]
async fn one_that_a_change_overtook_takes_its_room_until_it_ends() {
    let node = node();
    let issued = issue(&node.elsewhere, "sync").await;
    let mut finds = Vec::new();
    for number in 0..5 {
        let rename = TokenChange::new().name(format!("name {number}"));
        node.tokens.update(&owner(), issued.record.id, rename).await.unwrap();
        let mut find = node.cache.find(issued.record.id);
        let pending = poll(&mut find).await.is_pending();
        assert!(pending);
        finds.push(find);
    }
    // The first two read, the third waits for its turn, and so nobody need begin another.
    assert_eq!(node.cache.inner().held().len(), 2);
    drop(finds);
    assert_that_all_is_free(&node).await;
}

#[tokio::test]
async fn look_ups_that_are_dropped_make_room() {
    // Never polled; waiting for their turn; reading; answered and not told.
    let node = node();
    drop((0..100).map(|id| node.cache.find(token_id(id))).collect::<Vec<_>>());
    assert_that_all_is_free(&node).await;

    let (mut waiting, _) = begun(&node, 0..5).await;
    waiting.truncate(LOOKUPS);
    drop(node.cache.inner().held());
    let (more, refused) = begun(&node, 10..20).await;
    assert_eq!((more.len(), refused), (WAITING, 10 - WAITING));
    drop(more);
    drop(waiting);
    assert_that_all_is_free(&node).await;

    let (mut waiting, _) = begun(&node, 0..5).await;
    drop(waiting.drain(..LOOKUPS));
    assert!(node.cache.inner().held().iter().all(|held| held.is_cancelled()));
    for find in &mut waiting {
        assert!(poll(find).await.is_pending());
    }
    assert_eq!(node.cache.inner().held().len(), LOOKUPS, "others have their turn");
    drop(waiting);
    assert_that_all_is_free(&node).await;
}

/// By the hundred thousand, in any order: begun, polled, answered, joined, dropped.
#[tokio::test]
async fn no_room_is_ever_lost() {
    let (node, mut random) = (node(), split_mix(7));
    let mut below = |bound: usize| usize::try_from(random() % bound as u64).unwrap();
    let (mut finds, mut held): (Vec<Find<'_>>, Vec<_>) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::<&str, usize>::new();
    for _ in 0..100_000 {
        match below(9) {
            0 | 1 => finds.push(node.cache.find(token_id(u32::try_from(below(9)).unwrap()))),
            2..=4 if !finds.is_empty() => {
                let at = below(finds.len());
                let outcome = match poll(&mut finds[at]).await {
                    Poll::Pending => "pending",
                    Poll::Ready(Ok(_)) => "answered",
                    Poll::Ready(Err(_)) => "refused",
                };
                *seen.entry(outcome).or_default() += 1;
                if outcome != "pending" {
                    drop(finds.swap_remove(at));
                }
            }
            5 if !finds.is_empty() => drop(finds.swap_remove(below(finds.len()))),
            6.. if !held.is_empty() => drop(held.swap_remove(below(held.len()))),
            _ => {}
        }
        held.extend(node.cache.inner().held());
        held.retain(|held| !held.is_cancelled());
        assert!(held.len() <= LOOKUPS);
        finds.truncate(40);
    }
    assert!(seen.len() == 3 && seen.values().all(|times| *times > 1_000), "{seen:?}");
    drop((finds, held));
    assert_that_all_is_free(&node).await;
}

/// Two of the eight that ask are left to ids that the cache has seen.
#[tokio::test]
async fn by_default_eight_ask_and_a_thousand_wait() {
    let node = cached_over(SteppedStore::over, |builder| builder);
    let known = issue(&node.elsewhere, "known").await;
    assert_eq!(node.verdict(&known).await, None);
    node.cache.inner().hold();
    let (strangers, refused) = begun(&node, 0..1_100).await;
    assert_eq!((strangers.len(), refused), (8 + 1_024, 1_100 - 8 - 1_024));
    assert_eq!(node.cache.inner().held().len(), 6);
    node.cache.invalidate_all();
    assert!(poll(&mut node.cache.find(known.record.id)).await.is_pending());
    assert_eq!(node.cache.inner().held_one().id, known.record.id);
}

/// Those of ids that it has seen, of which there are no more than its capacity: they are never refused, and wait behind nobody
/// else.
#[tokio::test]
async fn strangers_take_no_room_from_tokens_in_use() {
    let node = cached_over(SteppedStore::over, |builder| builder.lookups(4).waiting(2));
    let mut in_use = Vec::new();
    for number in 0..20 {
        in_use.push(issue(&node.elsewhere, &format!("token {number}")).await);
        assert_eq!(node.verdict(&in_use[number]).await, None);
    }
    node.cache.inner().hold();
    let (strangers, refused) = begun(&node, 0..10).await;
    assert_eq!((strangers.len(), refused, node.cache.inner().held().len()), (6, 4, 3));
    node.cache.invalidate_all();
    let mut finds: Vec<_> = in_use.iter().map(|issued| node.cache.find(issued.record.id)).collect();
    for find in &mut finds {
        assert!(poll(find).await.is_pending());
    }
    // One at a time, beside the strangers that hang.
    for (find, issued) in finds.into_iter().zip(&in_use) {
        let mut find = find;
        assert!(poll(&mut find).await.is_pending());
        assert_eq!(node.cache.inner().held_one().id, issued.record.id);
        assert_eq!(answer(find).await.unwrap().unwrap().id, issued.record.id);
    }
    drop(strangers);
}

#[tokio::test]
async fn none_at_a_time_is_one() {
    let node = cached_over(SteppedStore::over, |builder| builder.lookups(0).waiting(0));
    node.cache.inner().hold();
    let (mut waiting, refused) = begun(&node, 0..3).await;
    assert_eq!((waiting.len(), refused), (1, 2));
    drop(node.cache.inner().held_one());
    assert_eq!(answer(waiting.remove(0)).await.unwrap(), None);
}
