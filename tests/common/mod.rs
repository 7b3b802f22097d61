//! What several tests need: a shop with a clock that stands still, and ways into it.
#![allow(dead_code)]

pub mod rulebook;

#[cfg(feature = "tower")]
pub mod challenges;
#[cfg(feature = "tower")]
pub mod door;
pub mod forge;
pub mod random;
pub mod remote_store;
#[cfg(feature = "tower")]
pub mod vectors;

use personal_tokens::store::MemoryStore;
use personal_tokens::{Builder, Issued, ManualClock, NewToken, OwnerId, PersonalTokens, Timestamp};

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

/// A token of [`owner`] with that name, the scope `products:read`, and no expiry.
pub async fn issue(tokens: &PersonalTokens, name: &str) -> Issued {
    tokens.issue(NewToken::new(owner(), name).scopes(["products:read"])).await.unwrap()
}
