//! Hits, each depending on the last, over a bare hash map of the same records: what a look-up costs where nothing can
//! be fetched ahead.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use personal_tokens::store::{CachedStore, Lookup, MemoryStore, TokenStore};
use personal_tokens::{TokenId, TokenRecord};
use personal_tokens_benches::{Contest, wait};

use crate::computed::Computed;
use crate::numbered;

/// Of a [`MemoryStore`] with so many tokens.
pub fn of_memory(tokens: u64) -> Contest {
    let (store, policy) = (MemoryStore::new(), numbered::policy());
    for n in 0..tokens {
        let record = numbered::record(n, 10, successor(n, tokens));
        wait(store.change(&numbered::issue(record, &policy))).unwrap();
    }
    hits("MemoryStore", tokens, store)
}

/// Of a [`CachedStore`] that holds so many, each read from a store that makes records of its own, as a database does.
pub fn of_a_cache(tokens: u64) -> Contest {
    let inner = Computed { tokens, created: successor };
    let day = Duration::from_secs(86_400);
    let store = CachedStore::builder(inner).capacity(tokens as usize).max_staleness(day).build();
    for n in 0..tokens {
        wait(store.find(numbered::id(n))).unwrap();
    }
    hits("CachedStore", tokens, store)
}

fn hits(name: &str, tokens: u64, store: impl TokenStore + 'static) -> Contest {
    let store: Arc<dyn TokenStore> = Arc::new(store);
    let hit = move |id| match store.find_cached(id) {
        Lookup::Hit(record) => Some(record),
        _ => None,
    };
    let records = (0..tokens).map(|n| hit(numbered::id(n)).unwrap());
    let bare: HashMap<TokenId, Arc<TokenRecord>, Hashing> = records.map(|record| (record.id, record)).collect();

    let mut contest = Contest::new(&format!("hits of {name}, each depending on the last, {tokens} tokens"));
    let row = |name: &str| format!("{name} @ {tokens}");
    let bare_name = row("bare hash map");
    contest.case(&bare_name, walk(0, move |id| bare.get(&id).cloned()));
    contest.case(&row(name), walk(tokens / 2, hit));
    contest.ratio(&row(&format!("{name} over a bare hash map")), &row(name), &bare_name);
    contest
}

/// From one token to the next, which its record tells. It comes by all of them before it comes back.
fn walk(start: u64, mut hit: impl FnMut(TokenId) -> Option<Arc<TokenRecord>>) -> impl FnMut() {
    let mut at = start;
    move || {
        let record = hit(numbered::id(at)).unwrap();
        at = (record.created.as_micros() - numbered::FIRST_MICROSECOND) as u64;
    }
}

/// A walk through all of them in leaps that no prefetcher foresees, where their number is a power of ten.
fn successor(n: u64, tokens: u64) -> u64 {
    (n * 684_341 + 12_347) % tokens
}

type Hashing = BuildHasherDefault<IdHasher>;

/// As the stores hash.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9E37_79B9_7F4A_7C15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
