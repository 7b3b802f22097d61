//! Where records live: the [`TokenStore`] trait and the stores that come with the crate.

#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod forward;
mod id_hasher;
mod invalidate;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod query;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod token_store;

/// For implementations of [`TokenStore`], so that they need no dependency of their own.
pub use async_trait::async_trait;
#[cfg(feature = "cache")]
pub use cache::{CacheStats, CachedStore, CachedStoreBuilder};
pub use error::{ChangeError, StoreError};
pub(crate) use id_hasher::IdHashing;
pub use invalidate::Invalidate;
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::{Follower, FollowerStatus, InvalidSchema, PostgresStore};
pub use query::{Cursor, ExpiringQuery, InvalidCursor, LastUse, ListQuery, Pruned, StateFilter};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
/// The release of sqlx whose pools `SqliteStore::from_pool` and `PostgresStore::from_pool` take.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[doc(no_inline)]
pub use sqlx;
pub use token_store::{Lookup, TokenStore};
