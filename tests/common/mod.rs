//! What several tests need: a shop with a clock that stands still, and ways into it.
#![allow(dead_code)]

pub mod rulebook;

#[cfg(all(feature = "cache", feature = "memory", feature = "testing"))]
pub mod cached;
#[cfg(feature = "postgres")]
pub mod catalog;
#[cfg(feature = "tower")]
pub mod challenges;
pub mod child;
#[cfg(all(feature = "postgres", feature = "cache"))]
pub mod delays;
#[cfg(feature = "tower")]
pub mod door;
pub mod flaky_store;
pub mod folder;
pub mod forge;
#[cfg(feature = "postgres")]
pub mod guarded;
pub mod history;
#[cfg(feature = "tokio")]
pub mod house;
pub mod logging_store;
#[cfg(feature = "management")]
pub mod management;
pub mod model;
#[cfg(feature = "testing")]
pub mod naive_cache;
#[cfg(all(feature = "postgres", feature = "cache"))]
pub mod node;
#[cfg(all(feature = "postgres", feature = "tower"))]
pub mod outage;
#[cfg(all(feature = "sqlite", feature = "tower"))]
pub mod patient;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "postgres")]
pub mod proxy;
pub mod random;
#[cfg(feature = "tracing")]
pub mod recorder;
pub mod remote_store;
pub mod search;
pub mod stepped_store;
#[cfg(feature = "sqlite")]
pub mod tables;
pub mod trail;
pub mod truthful;
#[cfg(feature = "tower")]
pub mod vectors;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use personal_tokens::store::MemoryStore;
use personal_tokens::{
    Builder, Issued, ManualClock, NewToken, OwnerId, PersonalTokens, Rejection, Timestamp, VerifyError,
};
use proptest::prelude::ProptestConfig;
use remote_store::RemoteStore;

/// 2026-01-01T12:00:00Z.
pub fn noon() -> Timestamp {
    Timestamp::from_micros(1_767_268_800_000_000).unwrap()
}

pub fn owner() -> OwnerId {
    OwnerId::new("store-42").unwrap()
}

pub fn other_owner() -> OwnerId {
    OwnerId::new("store-43").unwrap()
}

/// A builder over memory with the prefix `shop`, the scopes `products:read` and `products:write`, and a clock
/// that stands at noon.
pub fn builder() -> (Builder, ManualClock) {
    let clock = ManualClock::new(noon());
    let builder = PersonalTokens::builder(MemoryStore::new())
        .prefix("shop")
        .scopes(["products:read", "products:write"])
        .clock(clock.clone());
    (builder, clock)
}

pub fn shop() -> (PersonalTokens, ManualClock) {
    let (builder, clock) = builder();
    (builder.build().unwrap(), clock)
}

/// The same over a store that must be asked, with the scope `products:read` alone.
pub fn remote_shop() -> (PersonalTokens, RemoteStore, ManualClock) {
    let (store, clock) = (RemoteStore::default(), ManualClock::new(noon()));
    let builder = PersonalTokens::builder(store.clone()).prefix("shop").scopes(["products:read"]);
    (builder.clock(clock.clone()).build().unwrap(), store, clock)
}

/// A token of [`owner`] with that name, the scope `products:read`, and no expiry.
pub async fn issue(tokens: &PersonalTokens, name: &str) -> Issued {
    tokens.issue(NewToken::new(owner(), name).scopes(["products:read"])).await.unwrap()
}

/// Why it was refused, if it was.
pub fn verdict<T>(answer: Result<T, VerifyError>) -> Option<Rejection> {
    match answer {
        Ok(_) => None,
        Err(VerifyError::Rejected(rejection)) => Some(rejection),
        Err(error) => panic!("{error}"),
    }
}

pub async fn rejection(tokens: &PersonalTokens, presented: impl AsRef<[u8]>) -> Option<Rejection> {
    verdict(tokens.verify(presented).await)
}

/// Polled once: with all in memory there is nothing to wait for.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match poll_once(future) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Polled once, and dropped.
pub fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// For what is no async test, as properties are.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Whether `PROPTEST_CASES` says how many cases a property has.
pub fn is_search() -> bool {
    std::env::var_os("PROPTEST_CASES").is_some()
}

/// For a property with a number of its own, which `PROPTEST_CASES` overrules.
pub fn cases(usually: u32) -> ProptestConfig {
    if is_search() { ProptestConfig::default() } else { ProptestConfig::with_cases(usually) }
}
