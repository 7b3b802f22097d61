//! Which lookups a change overtook: a verification whose record was read before a change of its owner returned must not
//! be judged by it afterwards (failures 20).

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::record::OwnerId;

const PLACES: usize = 4_096;

/// A clock of changes, and when each owner's tokens were changed last by it. Owners, not tokens: of a change that failed
/// or was cancelled nobody knows what it wrote, only whose it was. Owners who share a place cost each other a second
/// lookup, no more.
pub(super) struct Fence {
    clock: AtomicU64,
    raised: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// Raises the owner's fence when dropped, however the change ended.
pub(super) struct Raise<'f> {
    fence: &'f Fence,
    place: Option<&'f AtomicU64>,
}

impl Fence {
    pub(super) fn new() -> Self {
        Self {
            clock: AtomicU64::new(0),
            raised: std::iter::repeat_with(AtomicU64::default).take(PLACES).collect(),
            hasher: RandomState::new(),
        }
    }

    /// To be read before a lookup begins.
    pub(super) fn now(&self) -> u64 {
        self.clock.load(Ordering::Acquire)
    }

    /// Whether a change of the owner's tokens may have returned since.
    pub(super) fn was_raised(&self, owner: &OwnerId, since: u64) -> bool {
        self.place(owner).is_none_or(|raised| raised.load(Ordering::Acquire) > since)
    }

    pub(super) fn raise_on_drop(&self, owner: &OwnerId) -> Raise<'_> {
        Raise { fence: self, place: self.place(owner) }
    }

    fn place(&self, owner: &OwnerId) -> Option<&AtomicU64> {
        let places = u64::try_from(self.raised.len()).ok()?;
        let place = self.hasher.hash_one(owner).checked_rem(places)?;
        self.raised.get(usize::try_from(place).ok()?)
    }
}

impl Raise<'_> {
    /// The change was refused: it wrote nothing, so nobody can make others look twice by asking for nonsense.
    pub(super) fn not_needed(mut self) {
        self.place = None;
    }
}

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        if let Some(raised) = self.place {
            // The clock first: a lookup that reads the new time begins after the change was made.
            let now = self.fence.clock.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
            raised.fetch_max(now, Ordering::AcqRel);
        }
    }
}
