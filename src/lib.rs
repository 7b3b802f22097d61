//! Personal tokens (personal access tokens) for any Rust service.
//!
//! A person generates a token for one script or integration, names it, may give it an expiry date, and copies it
//! once; every request carries `Authorization: Bearer <token>`. Each token is extended, rotated and revoked by
//! itself. A service plugs in its storage ([`store::TokenStore`]), holds a [`PersonalTokens`] and mounts the guard
//! (`http::BearerAuthLayer`).
//!
//! # Quick start
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use personal_tokens::store::MemoryStore;
//! use personal_tokens::{Duration, NewToken, PersonalTokens};
//!
//! let tokens = PersonalTokens::builder(MemoryStore::new())
//!     .prefix("shop")
//!     .scopes(["products:read", "products:write"])
//!     .build()?;
//!
//! let issued = tokens
//!     .issue(NewToken::new("store-42", "Shopify sync").scopes(["products:read"]).expires_in(Duration::days(30)))
//!     .await?;
//! let shown_once: &str = issued.token.expose();
//!
//! let verified = tokens.verify(shown_once).await?;
//! assert_eq!(verified.owner().as_str(), "store-42");
//! assert!(verified.allows("products:read"));
//!
//! // Feature `tokio`, once a process: writes when tokens were used last, at intervals and at the end.
//! # #[cfg(feature = "tokio")] {
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let maintenance = tokio::spawn(tokens.maintain(async { drop(stopped.await) }));
//! // … serve …
//! drop(stop);
//! maintenance.await?;
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | you want to | begin at |
//! |---|---|
//! | issue, list, change, revoke, verify | [`PersonalTokens`], [`Builder`] |
//! | guard a service | `http` (feature `tower`) |
//! | let people manage their tokens on a page | `management`, `manual::management` (feature `management`) |
//! | keep tokens in a file | `store::SqliteStore`, `manual::sqlite` (feature `sqlite`) |
//! | share tokens among many nodes | `store::PostgresStore`, `manual::postgres` (feature `postgres`) |
//! | verify from memory, and forget at once | `store::CachedStore`, `manual::many_nodes` (feature `cache`) |
//! | keep tokens in a storage of your own | [`store::TokenStore`], [`Change`], [`manual::your_own_store`] |
//! | test a host | `ManualClock`, `http::acting_as` (feature `testing`) |
//! | know when tokens change, end, are refused | [`Observer`], [`Notice`], `http::BearerAuthLayer::on_refusal` |
//! | read how it all fits together | [`manual`] |
//! | see how others failed, and what holds here | [`manual::failures`] |
//!
//! # Features
//!
//! | feature | gives |
//! |---|---|
//! | `memory` (default) | `store::MemoryStore` |
//! | `sqlite` | `store::SqliteStore`: a file, durable, shared by the processes of a machine (Rust 1.94 or later) |
//! | `postgres` | `store::PostgresStore`: PostgreSQL, shared by many nodes (Rust 1.94 or later); `store::Follower` |
//! | `cache` | `store::CachedStore`: a bounded cache over any store |
//! | `tower` (default) | `http`: `BearerAuthLayer` and `RequireScopeLayer` for every tower service |
//! | `axum` | extractors for [`VerifiedToken`] and `Option<VerifiedToken>`, problem details |
//! | `management` | `management`: the page on which people manage their tokens, and its JSON API, as an axum router |
//! | `tokio` | `PersonalTokens::maintain`; the guard's look-up timeout |
//! | `tracing` | a span for each verification, events for changes, refusals and failing maintenance; target `personal_tokens` |
//! | `conformance` | `store::conformance`: the contract of [`store::TokenStore`] as tests, for a store of your own |
//! | `testing` | `ManualClock`, `http::acting_as` |
//!
//! A feature adds API and changes no verdict. `tokio` bounds how long the guard waits for a store, 2 seconds unless told
//! otherwise; its runtime must have its time enabled then.
//!
//! # Public dependencies
//!
//! Types and traits of these crates stand in this one's API, so their major versions are part of its own: `time` 0.3
//! ([`Duration`], `OffsetDateTime`), `rand` 0.10 (`TryCryptoRng`, in [`Token::generate`]), `subtle` 2
//! (`ConstantTimeEq`, of [`TokenDigest`]), `async-trait` 0.1 (an implementation of [`store::TokenStore`] wants it),
//! `http` 1 and `tower` 0.5 (feature `tower`), `axum-core` 0.5 (feature `axum`), `axum` 0.8 (feature `management`),
//! `sqlx` 0.9 (features `sqlite` and `postgres`, in `from_pool` of their stores; re-exported). The features `tokio`,
//! `sqlite`, `postgres`, `management` and `conformance` work on the runtime of `tokio` 1.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, unreachable_pub)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod clock;
mod deadline;
mod fence;
mod personal_tokens;
mod record;
mod timestamp;
mod token;
mod usage;
mod verify;

#[cfg(feature = "tower")]
pub mod http;
#[cfg(feature = "management")]
pub mod management;
pub mod manual;
pub mod store;

#[cfg(feature = "testing")]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use personal_tokens::{
    BuildError, Builder, Issued, NewToken, Notice, Observer, Page, PersonalTokens, Rotation, TokenChange, VerifyError,
};
pub use record::{
    Actor, Change, ChangeRefused, Changed, Edit, EventKind, Expiry, InvalidScope, InvalidText, Needs, OwnerId, Plan,
    Policy, Rotated, Scope, Scopes, Successor, TextRule, TokenEvent, TokenName, TokenRecord, TokenState, View,
};
pub use store::{ChangeError, StoreError};
pub use time::Duration;
pub use timestamp::{Timestamp, TimestampOutOfRange};
pub use token::{
    GenerateError, InvalidPrefix, InvalidTokenId, MalformedToken, Token, TokenDigest, TokenId, TokenPrefix,
};
pub use usage::LastUsed;
pub use verify::{Rejection, VerifiedToken};

/// The README's quick start compiles.
#[cfg(all(doctest, feature = "memory", feature = "axum", feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;
