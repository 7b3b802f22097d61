//! What a verdict costs when several threads ask at once, each for tokens of its own.

use personal_tokens::store::{CachedStore, MemoryStore};
use personal_tokens_benches::{Bench, suites};

fn main() {
    let mut bench = Bench::from_args("threads");
    bench.run(suites::threads("MemoryStore", MemoryStore::new()));
    bench.run(suites::threads("CachedStore, warm", CachedStore::new(MemoryStore::new())));
}
