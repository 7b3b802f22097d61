//! What a verdict costs, and what the machine asks for its pieces.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use personal_tokens::store::{CachedStore, MemoryStore};
use personal_tokens::{Clock as _, SystemClock, TokenId, TokenRecord};
use personal_tokens_benches::fixture::{self, Cycle};
use personal_tokens_benches::{Bench, Contest, suites, wait};
use subtle::ConstantTimeEq as _;

fn main() {
    let mut bench = Bench::from_args("verify");
    bench.run(suites::verify("MemoryStore", MemoryStore::new()));
    bench.run(suites::verify("CachedStore, warm", CachedStore::new(MemoryStore::new())));
    bench.run(floor());
}

/// What a verification is made of, piece by piece, and what it is not made of.
fn floor() -> Contest {
    let mut contest = Contest::new("the floor");
    contest.case("one SHA-256 block", || {
        let mut state = [7_u32; 8];
        sha2::block_api::compress256(black_box(&mut state), black_box(&[[7_u8; 64]]));
        black_box(state);
    });
    let mut texts = Cycle::new((0..1_000).map(|n| fixture::token(n).expose()[5..].to_owned()));
    contest.case("base64url, 64 characters", move || {
        let mut bytes = [0; 48];
        URL_SAFE_NO_PAD.decode_slice(texts.turn(), &mut bytes).unwrap();
        black_box(bytes);
    });
    contest.case("CRC-32, 48 bytes", || {
        black_box(crc32fast::hash(black_box(&[7; 48])));
    });
    contest.case("32 bytes compared by subtle", || {
        black_box(bool::from(black_box(&[7_u8; 32])[..].ct_eq(&black_box(&[7; 32])[..])));
    });
    let map = papaya::HashMap::with_hasher(BuildHasherDefault::<OwnBits>::default());
    for record in records() {
        map.pin().insert(record.id, record);
    }
    let mut ids = ids();
    contest.case("papaya, by the id's own bits", move || drop(black_box(map.pin().get(ids.turn()).cloned())));
    contest.case("papaya, by SipHash", sip_hashed());
    contest.case("RwLock over std's map", locked());
    contest.case("SystemTime::now", || {
        black_box(SystemTime::now());
    });
    contest.case("the handle's clock", || {
        black_box(SystemClock.now().unwrap());
    });
    let record = Arc::new(fixture::record(0, fixture::now()));
    contest.case("Arc, cloned and dropped", move || drop(black_box(Arc::clone(black_box(&record)))));
    contest.case("a boxed future", || {
        let future: std::pin::Pin<Box<dyn Future<Output = u64>>> = Box::pin(async { black_box(7) });
        black_box(wait(black_box(future)));
    });
    contest
}

fn sip_hashed() -> impl FnMut() {
    let map = papaya::HashMap::with_hasher(RandomState::new());
    for record in records() {
        map.pin().insert(record.id, record);
    }
    let mut ids = ids();
    move || drop(black_box(map.pin().get(ids.turn()).cloned()))
}

fn locked() -> impl FnMut() {
    let mut map = std::collections::HashMap::with_hasher(BuildHasherDefault::<OwnBits>::default());
    map.extend(records().map(|record| (record.id, record)));
    let (map, mut ids) = (RwLock::new(map), ids());
    move || drop(black_box(map.read().unwrap().get(ids.turn()).cloned()))
}

fn records() -> impl Iterator<Item = Arc<TokenRecord>> {
    let now = fixture::now();
    (0..1_000).map(move |n| Arc::new(fixture::record(n, now)))
}

fn ids() -> Cycle<TokenId> {
    Cycle::new(fixture::shuffled(1_000, 1_000).into_iter().map(|n| fixture::token(n).id()))
}

/// Ids are random: they are their own hash.
#[derive(Default)]
struct OwnBits(u64);

impl Hasher for OwnBits {
    fn write_u64(&mut self, word: u64) {
        self.0 ^= word;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("an id writes two words");
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
