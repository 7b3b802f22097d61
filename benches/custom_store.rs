//! The suites on a store of one's own: the redb example. A store of yours takes its place.

#[allow(dead_code)]
#[path = "../examples/custom_store.rs"]
mod custom_store;

use std::sync::Arc;

use custom_store::RedbStore;
use personal_tokens::store::CachedStore;
use personal_tokens_benches::{Bench, fixture, suites};
use redb::Database;
use redb::backends::InMemoryBackend;

fn main() {
    let mut bench = Bench::from_args("custom_store");
    bench.run(suites::verify("RedbStore", empty()));
    bench.run(suites::verify("RedbStore behind CachedStore", CachedStore::new(empty())));
    for tokens in bench.sizes().into_iter().filter(|size| *size <= 10_000) {
        let store = Arc::new(empty());
        fixture::fill(&store, 0..tokens);
        bench.run(suites::stores("RedbStore", tokens, Arc::clone(&store) as _));
        bench.run(suites::writes("RedbStore", tokens, store));
    }
}

/// In memory, so that what is measured is not the disk.
fn empty() -> RedbStore {
    let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
    RedbStore::new(database).unwrap()
}
