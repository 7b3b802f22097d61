//! Loom's atomics, which obey a [`Flaw`] in how they are ordered.

use loom::sync::atomic;

pub(super) use loom::sync::atomic::Ordering;

use crate::flaw::Flaw;

/// One to be raised, and one before it, which only those who raise all have to reach.
pub(super) const PLACES: u16 = 2;

pub(super) struct AtomicU64(atomic::AtomicU64);

impl AtomicU64 {
    pub(super) fn new(value: u64) -> Self {
        Self(atomic::AtomicU64::new(value))
    }

    pub(super) fn load(&self, order: Ordering) -> u64 {
        self.0.load(unless(Flaw::RelaxedLoads, order))
    }

    /// The clock's.
    pub(super) fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(value, unless(Flaw::RelaxedTicks, order))
    }

    /// The places'.
    pub(super) fn fetch_max(&self, value: u64, order: Ordering) -> u64 {
        if Flaw::StoredRaises.is_planted() {
            return self.0.swap(value, order);
        }
        self.0.fetch_max(value, unless(Flaw::RelaxedRaises, order))
    }
}

fn unless(flaw: Flaw, order: Ordering) -> Ordering {
    if flaw.is_planted() { Ordering::Relaxed } else { order }
}
