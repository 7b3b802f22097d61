//! The manual: what stands behind the API, and how a host puts it to use. The pages whose examples need optional features
//! are here where these are on.

/// How a service adds personal tokens, step by step.
#[cfg(all(feature = "memory", feature = "axum", feature = "tokio"))]
#[doc = include_str!("getting_started.md")]
pub mod getting_started {}

/// The guard: in which order it judges, what it can be told, and where it stands among other layers.
#[cfg(all(feature = "memory", feature = "axum", feature = "tokio"))]
#[doc = include_str!("guard.md")]
pub mod guard {}

/// Last use: what is noted, written and shown, and how exact it is.
#[cfg(all(feature = "memory", feature = "tokio"))]
#[doc = include_str!("last_use.md")]
pub mod last_use {}

/// Setup -> Personal Tokens: the page for people and its API, in a service.
#[cfg(all(feature = "memory", feature = "management"))]
#[doc = include_str!("management.md")]
pub mod management {}

/// How a host tests what it built on this crate.
#[cfg(all(feature = "memory", feature = "axum", feature = "testing"))]
#[doc = include_str!("testing.md")]
pub mod testing {}

/// Tokens in an SQLite file: in a database of yours, backups, by hand.
#[cfg(feature = "sqlite")]
#[doc = include_str!("sqlite.md")]
pub mod sqlite {}

/// Tokens in PostgreSQL: choosing a store, its tables, poolers, what survives what, by hand, growing.
#[cfg(feature = "postgres")]
#[doc = include_str!("postgres.md")]
pub mod postgres {}

/// Many nodes: tokens verified from memory, how soon a revocation is seen, listeners, another bus.
#[cfg(all(feature = "postgres", feature = "cache"))]
#[doc = include_str!("many_nodes.md")]
pub mod many_nodes {}

/// How a host keeps tokens in a storage of its own: the redb example, what every store must mind, three sketches.
#[doc = include_str!("your_own_store.md")]
pub mod your_own_store {}

#[doc = include_str!("failures.md")]
pub mod failures {}
