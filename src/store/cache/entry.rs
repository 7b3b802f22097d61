use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::fence::{Place, Version};
use crate::record::TokenRecord;

/// A record, and what it was read at.
pub(super) struct Entry {
    record: Arc<TokenRecord>,
    /// Noted before the read.
    pub(super) read: Version,
    pub(super) began: Moment,
    pub(super) owner: Place,
    uses: AtomicU8,
}

/// Of the monotonic clock, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Entry {
    /// More uses than this are not counted, so that hits on what is hot write nothing.
    const MOST_USES: u8 = 3;

    pub(super) fn new(record: Arc<TokenRecord>, read: Version, began: Moment, owner: Place) -> Self {
        Self { record, read, began, owner, uses: AtomicU8::new(0) }
    }

    pub(super) fn used(&self) -> Arc<TokenRecord> {
        let uses = self.uses();
        if uses < Self::MOST_USES {
            self.set_uses(uses.saturating_add(1));
        }
        Arc::clone(&self.record)
    }

    pub(super) fn uses(&self) -> u8 {
        self.uses.load(Ordering::Relaxed)
    }

    /// A use that is lost in a race costs a look-up at most.
    pub(super) fn set_uses(&self, uses: u8) {
        self.uses.store(uses, Ordering::Relaxed);
    }
}

impl Moment {
    pub(super) fn of(monotonic: Duration) -> Self {
        Self(u64::try_from(monotonic.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(super) fn nanos(self) -> u64 {
        self.0
    }

    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(super) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(Self::of(span).0))
    }
}
