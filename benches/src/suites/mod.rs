//! What is asked of a store, over any store.

mod stores;
mod threads;
mod verify;

pub use stores::{stores, writes};
pub use threads::{counts, threads};
pub use verify::verify;
