use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a [`CachedStore`](super::CachedStore) has done since it was made, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Look-ups that were answered from memory.
    pub hits: u64,
    /// Look-ups that asked the inner store, or joined one that did, or found no room to.
    pub misses: u64,
    /// Records in memory; some may be too old to be answered, and are replaced once they are asked for.
    pub len: usize,
    /// Records that there is room for.
    pub capacity: usize,
}

impl CacheStats {
    /// The share of look-ups that were answered from memory, 0 to 1; none where there was no look-up.
    #[must_use]
    pub fn hit_rate(&self) -> Option<f64> {
        let all = self.hits.saturating_add(self.misses);
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}

/// Each thread counts by itself: hits of different threads write nothing in common, and a thread with a shard of its
/// own needs no atomic addition either. Threads that came later share as many.
pub(super) struct Counters {
    own: Box<[Shard]>,
    shared: Box<[Shard]>,
}

/// As far apart as a processor fetches at once.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    hits: AtomicU64,
    misses: AtomicU64,
}

const SHARDS: usize = 64;

impl Counters {
    pub(super) fn new() -> Self {
        let shards = || std::iter::repeat_with(Shard::default).take(SHARDS).collect();
        Self { own: shards(), shared: shards() }
    }

    #[inline]
    pub(super) fn hit(&self) {
        self.count(|shard| &shard.hits);
    }

    pub(super) fn miss(&self) {
        self.count(|shard| &shard.misses);
    }

    /// Hits and misses.
    pub(super) fn read(&self) -> (u64, u64) {
        self.own.iter().chain(&self.shared).fold((0, 0), |(hits, misses), shard| {
            let (more_hits, more_misses) = (shard.hits.load(Ordering::Relaxed), shard.misses.load(Ordering::Relaxed));
            (hits.wrapping_add(more_hits), misses.wrapping_add(more_misses))
        })
    }

    #[inline]
    fn count(&self, counter: impl FnOnce(&Shard) -> &AtomicU64) {
        let thread = number_of_this_thread();
        if let Some(shard) = thread.and_then(|number| self.own.get(number)) {
            let counter = counter(shard);
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            return;
        }
        let shared = thread.and_then(|number| number.checked_rem(SHARDS)).unwrap_or_default();
        if let Some(shard) = self.shared.get(shared) {
            counter(shard).fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// No other thread ever has the same; none while the thread ends.
#[inline]
fn number_of_this_thread() -> Option<usize> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.try_with(|number| *number).ok()
}
