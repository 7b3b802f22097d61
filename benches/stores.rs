//! What a store costs as the number of its tokens grows.

mod computed;
#[cfg(feature = "databases")]
mod databases;
mod hits;
mod numbered;

use std::sync::Arc;

use personal_tokens::store::{CachedStore, MemoryStore};
use personal_tokens_benches::{Bench, fixture, suites};

fn main() {
    let mut bench = Bench::from_args("stores");
    for tokens in bench.sizes() {
        let store = Arc::new(MemoryStore::new());
        fixture::fill(&store, 0..tokens);
        bench.run(suites::stores("MemoryStore", tokens, Arc::clone(&store) as _));
        bench.run(suites::stores("CachedStore", tokens, Arc::new(CachedStore::new(Arc::clone(&store)))));
        bench.run(suites::writes("MemoryStore", tokens, store));
        bench.run(hits::of_memory(tokens));
        bench.run(hits::of_a_cache(tokens));
    }
    #[cfg(feature = "databases")]
    databases::run(&mut bench);
}
