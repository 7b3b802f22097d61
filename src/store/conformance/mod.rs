//! The contract of [`TokenStore`](super::TokenStore) as tests, for a store of your own (feature `conformance`).
//!
//! In `tests/conforms.rs` of your crate, with the feature `conformance` among its `dev-dependencies`:
//!
//! ```
//! # #[cfg(feature = "memory")]
//! mod conforms {
//!     // In place of `MemoryStore`: yours.
//!     use personal_tokens::store::MemoryStore;
//!
//!     personal_tokens::conformance_tests!(|| async { MemoryStore::new() });
//! }
//! ```
//!
//! That makes a `#[test]` of each rule, on the kit's own Tokio runtime of several threads, one for them all; you need
//! neither `tokio` nor `async-trait` yourself. A test that fails names the rule, and shows what was expected and what
//! was found. Each rule is a public function in [`rules`], too: its documentation says what it wants, and it can be
//! called alone.
//!
//! # What it is given
//!
//! The argument is a factory: a function or closure without arguments, whose future answers a store. It is called for
//! each rule. It may answer a new store each time, or one that all rules share, as a database is: each rule works on
//! owners of its own, leaves its rows behind, and tolerates others, also those of a run that goes on at the same time.
//! But give it a database for tests: rules of [`prune`](super::TokenStore::prune) delete what ended in the first nine
//! centuries, and a row that was made corrupt stays so (a store that reads all rows for `expiring` needs a database of
//! its own for each rule, then).
//!
//! A store whose rows can be corrupt (every database) is tried for that, too, once the factory says how to make one so;
//! without it that rule is skipped, and says so on standard error.
//!
//! ```
//! # use std::sync::Arc;
//! # use personal_tokens::TokenId;
//! # use personal_tokens::store::{TokenStore, conformance::Subject};
//! # fn my_store() -> Arc<dyn TokenStore> { unimplemented!() }
//! # async fn spoil_the_row_of(id: TokenId) {}
//! async fn subject() -> Subject {
//!     Subject::new(my_store()).corrupted_by(|id| spoil_the_row_of(id))
//! }
//!
//! personal_tokens::conformance_tests!(subject);
//! ```
//!
//! # What it does not show
//!
//! - That what was acknowledged survives a crash, how long calls take (a rule may take five minutes), what an outage looks
//!   like.
//! - That several processes, or several stores over one database, keep out of each other's way: a rule tries one store. A lock
//!   in memory passes, and serialises nobody else.
//! - A race that needs luck. Each is tried many times at once, so that one which is open for as long as a call takes is as good
//!   as found; one that is open for microseconds may pass now and then.
//!
//! A store may be as stale as its [`find`](super::TokenStore::find) states: of uses, claims and what was pruned, rules
//! ask [`get`](super::TokenStore::get) and [`list`](super::TokenStore::list).

mod corrupt;
mod expiring;
mod ids;
mod kit;
mod last_use;
mod limits;
mod lists;
mod names;
mod prune;
mod reads;
mod records;
mod revocation;
mod rotation;
mod rule;
pub mod rules;
mod subject;
mod updates;
mod violation;

pub use rule::{Judgement, Rule};
pub use subject::{Corrupt, Subject};
pub use violation::Violation;
