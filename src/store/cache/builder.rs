use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};

use super::age::Age;
use super::flights::Flights;
use super::forgetting::Forgetting;
use super::stats::Counters;
use super::table::Table;
use super::{CachedStore, Shared};

/// What a [`CachedStore`] is made of; from [`CachedStore::builder`].
#[must_use]
pub struct CachedStoreBuilder<S> {
    inner: S,
    capacity: usize,
    max_staleness: Duration,
    lookups: usize,
    waiting: usize,
    clock: Arc<dyn Clock>,
}

impl<S> CachedStoreBuilder<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            capacity: 65_536,
            max_staleness: Duration::from_secs(30),
            lookups: 8,
            waiting: 1_024,
            clock: Arc::new(SystemClock),
        }
    }

    /// How many records it holds at most. Default: 65,536; 0 counts as 1.
    pub fn capacity(mut self, records: usize) -> Self {
        self.capacity = records.max(1);
        self
    }

    /// How long at most a record is answered, from the moment at which the store's read began; so long at most a
    /// revocation that was made elsewhere goes unnoticed here. Default: 30 seconds. With 0 nothing is answered from
    /// memory.
    pub fn max_staleness(mut self, span: Duration) -> Self {
        self.max_staleness = span;
        self
    }

    /// How many look-ups ask the inner store at a time, each for another id. Default: 8; 0 counts as 1. Fewer than the
    /// connections of its pool leave some to others, whatever tokens are presented.
    pub fn lookups(mut self, at_once: usize) -> Self {
        self.lookups = at_once.max(1);
        self
    }

    /// How many more look-ups wait for their turn, each for another id that the cache does not hold. Default: 1,024.
    /// Beyond, a look-up is [`Unavailable`](crate::StoreError::Unavailable), 503 at the guard. Those of ids that it
    /// holds, and reads again, are not counted, and a quarter of the turns is theirs alone.
    pub fn waiting(mut self, at_most: usize) -> Self {
        self.waiting = at_most;
        self
    }

    /// Where the time comes from, for tests; only its monotonic part counts. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The cache, empty.
    #[must_use]
    pub fn build(self) -> CachedStore<S> {
        CachedStore {
            shared: Arc::new(Shared {
                inner: self.inner,
                table: Table::new(self.capacity),
                forgetting: Forgetting::new(),
                flights: Flights::new(self.lookups, self.waiting),
                counters: Counters::new(),
                age: Age::new(self.clock, self.max_staleness),
            }),
        }
    }
}

impl<S> std::fmt::Debug for CachedStoreBuilder<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedStoreBuilder")
            .field("capacity", &self.capacity)
            .field("max_staleness", &self.max_staleness)
            .field("lookups", &self.lookups)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
