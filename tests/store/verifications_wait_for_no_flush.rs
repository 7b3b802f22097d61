//! A verification is over in one poll, on every thread, while a flush waits for the store and after one that failed
//! (failures 32). With no room for another use: `pending_uses_are_bounded.rs`.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration as StdDuration;

use common::flaky_store::{FlakyStore, Mood};
use common::{issue, noon, now, poll_once};
use personal_tokens::{Duration, ManualClock, PersonalTokens};
use tokio::sync::Mutex;

/// More than there could be locks for: whichever is held, one of them needs it.
const TOKENS: usize = 1_024;

trait Shop: Clone + Send + Sync + 'static {
    fn verify(&self, text: &str) -> impl Future<Output = bool>;
    fn flush(&self) -> impl Future<Output = bool>;
}

impl Shop for PersonalTokens {
    async fn verify(&self, text: &str) -> bool {
        Self::verify(self, text).await.is_ok()
    }

    async fn flush(&self) -> bool {
        Self::flush(self).await.is_ok()
    }
}

/// The planted bug: a lock that a verification needs is held while the store works.
#[derive(Clone)]
struct OneLock(PersonalTokens, Arc<Mutex<()>>);

impl Shop for OneLock {
    async fn verify(&self, text: &str) -> bool {
        drop(self.1.lock().await);
        Shop::verify(&self.0, text).await
    }

    async fn flush(&self) -> bool {
        let _held = self.1.lock().await;
        Shop::flush(&self.0).await
    }
}

fn all_pass<S: Shop>(shop: &S, texts: &[String]) -> bool {
    texts.iter().all(|text| poll_once(shop.verify(text)) == Poll::Ready(true))
}

/// Begins a flush, then verifies on the same thread and on another one. None: a verification waited.
fn all_pass_while_it_flushes<S: Shop>(shop: S, texts: Vec<String>, flush: Poll<bool>) -> Option<()> {
    let (done, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let mut flushing = pin!(shop.flush());
        assert_eq!(flushing.as_mut().poll(&mut Context::from_waker(Waker::noop())), flush);
        let elsewhere = std::thread::scope(|scope| scope.spawn(|| all_pass(&shop, &texts)).join().unwrap());
        done.send(elsewhere && all_pass(&shop, &texts)).unwrap();
    });
    // The limit is for a thread that hangs.
    answer.recv_timeout(StdDuration::from_secs(60)).unwrap_or(false).then_some(())
}

/// A shop whose tokens all have uses that wait, and are due for the next note.
fn busy_shop(mood: Mood) -> (PersonalTokens, Vec<String>) {
    let (store, clock) = (Arc::new(FlakyStore::default()), ManualClock::new(noon()));
    store.touch.becomes(mood);
    let builder = PersonalTokens::builder(store).prefix("shop").scopes(["products:read"]).clock(clock.clone());
    let tokens = builder.max_active_per_owner(None).build().unwrap();
    let issue_one = |number| now(issue(&tokens, &format!("token {number}"))).token.expose().to_owned();
    let texts: Vec<String> = (0..TOKENS).map(issue_one).collect();
    assert!(all_pass(&tokens, &texts));
    clock.advance(Duration::MINUTE);
    (tokens, texts)
}

#[test]
fn all_pass_while_the_store_hangs_fails_or_works() {
    for (mood, flush) in
        [(Mood::Hangs, Poll::Pending), (Mood::Fails, Poll::Ready(false)), (Mood::Works, Poll::Ready(true))]
    {
        let (tokens, texts) = busy_shop(mood);
        assert!(all_pass_while_it_flushes(tokens, texts, flush).is_some(), "{mood:?}");
    }
}

#[test]
fn the_same_check_finds_a_lock_that_is_held_while_the_store_works() {
    let (tokens, texts) = busy_shop(Mood::Hangs);
    let planted = OneLock(tokens, Arc::default());
    assert!(all_pass_while_it_flushes(planted, texts, Poll::Pending).is_none());
}
