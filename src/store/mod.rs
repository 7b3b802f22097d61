//! Where records live: the [`TokenStore`] trait and the stores that come with the crate.

mod error;
mod forward;
#[cfg(feature = "memory")]
mod memory;
mod query;
mod token_store;

pub use error::{ChangeError, StoreError};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
pub use query::{Cursor, ExpiringQuery, InvalidCursor, LastUse, ListQuery, Pruned, StateFilter};
pub use token_store::{Lookup, TokenStore};
