//! What personal tokens cost, measured so that a noisy machine does not decide the answer.
//!
//! The unit is **U**: one one-shot SHA-256 of 44 bytes ([`unit()`]), what a verification cannot do without. A [`Contest`] runs
//! its cases in turns, a millisecond each, with U among them, over and over; a case's figure is the median of its ratio to
//! the U of the same round. What slows the machine down for a while slows both down, but not alike: beside other work on the
//! same core SHA-256 keeps its speed and what lives in caches loses half of its own. Take figures on a quiet machine.
//! Allocations are counted by an allocator that counts, which costs each of them a nanosecond or two.
//!
//! `verify` and others are async. Where the store answers from memory they never wait, so they are polled once, by
//! [`wait`], without a runtime and without its cost; a store that makes them wait is driven by tokio.
//!
//! ```sh
//! cargo bench --package personal-tokens-benches --bench verify               # each case by itself, by criterion
//! cargo bench --package personal-tokens-benches --bench verify -- --table    # all in turns, as one table
//! scripts/budgets                                                            # instructions, held against their budgets
//! ```
//!
//! | bench | answers what … costs |
//! |---|---|
//! | `token` | making a token, and parsing what a client presented |
//! | `verify` | a verdict, good or bad, over a `MemoryStore` or a warm `CachedStore`, and what the machine's floor is |
//! | `threads` | a verdict on several threads at once |
//! | `guard` | the tower layer around a service |
//! | `stores` | a store, as the number of its tokens grows; `--features databases` for SQLite and PostgreSQL, `-- --table --full` for 10⁷ tokens |
//! | `custom_store` | the same for the example of a store of one's own |
//!
//! `--table` leaves the figures in `target/bench/<bench>.json` too; `ROUNDS=501` runs more rounds than 101.
//!
//! # A store of your own
//!
//! The suites take any [`TokenStore`]: one to throw away, since they fill it and prune it. In a bench target of yours with
//! `harness = false`:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use personal_tokens::store::MemoryStore; // yours instead
//! use personal_tokens_benches::{Bench, fixture, suites};
//!
//! fn main() {
//!     let mut bench = Bench::from_args("my_store");
//!     bench.run(suites::verify("my store", MemoryStore::new()));
//!     bench.run(suites::threads("my store", MemoryStore::new()));
//!     for tokens in bench.sizes() {
//!         let store = Arc::new(MemoryStore::new());
//!         fixture::fill(&store, 0..tokens);
//!         bench.run(suites::stores("my store", tokens, store.clone()));
//!         bench.run(suites::writes("my store", tokens, store));
//!     }
//! }
//! ```
//!
//! `benches/custom_store.rs` does so for the redb example of the manual's page "A store of your own".
//!
//! [`TokenStore`]: personal_tokens::store::TokenStore

mod allocations;
mod bench;
mod case;
mod contest;
mod crew;
pub mod fixture;
pub mod suites;
mod table;
mod unit;
mod wait;

pub use bench::Bench;
pub use contest::Contest;
pub use table::{Row, Table, folder};
pub use unit::unit;
pub use wait::{runtime, wait};
