//! Which lookups a change overtook: a verification whose record was read before a change returned must not be judged by
//! it afterwards (failures 20).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::token::TokenId;

const PLACES: usize = 1_024;

/// A clock of changes, and when each token was changed last by it; tokens that share a place only cause each other a
/// second lookup.
pub(super) struct Fence {
    clock: AtomicU64,
    raised: Box<[AtomicU64]>,
    all_raised: AtomicU64,
}

/// Raises the fence of every token when dropped: of a change that failed or was cancelled nobody knows what it wrote.
pub(super) struct RaiseAll<'f>(&'f Fence);

impl Fence {
    pub(super) fn new() -> Self {
        Self {
            clock: AtomicU64::new(0),
            raised: std::iter::repeat_with(AtomicU64::default).take(PLACES).collect(),
            all_raised: AtomicU64::new(0),
        }
    }

    /// To be read before a lookup begins.
    pub(super) fn now(&self) -> u64 {
        self.clock.load(Ordering::Acquire)
    }

    /// Whether a change may have returned since.
    pub(super) fn was_raised(&self, id: TokenId, since: u64) -> bool {
        let one = id.place(&self.raised).is_none_or(|raised| raised.load(Ordering::Acquire) > since);
        one || self.all_raised.load(Ordering::Acquire) > since
    }

    pub(super) fn raise_all_on_drop(&self) -> RaiseAll<'_> {
        RaiseAll(self)
    }

    /// The clock first: a lookup that reads the new time begins after the change was made.
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::AcqRel).wrapping_add(1)
    }
}

impl RaiseAll<'_> {
    /// The change returned and tells what it wrote.
    pub(super) fn only(self, written: &[TokenId]) {
        let fence = self.0;
        std::mem::forget(self);
        let now = fence.tick();
        for raised in written.iter().filter_map(|id| id.place(&fence.raised)) {
            raised.fetch_max(now, Ordering::AcqRel);
        }
    }
}

impl Drop for RaiseAll<'_> {
    fn drop(&mut self) {
        let now = self.0.tick();
        self.0.all_raised.fetch_max(now, Ordering::AcqRel);
    }
}
