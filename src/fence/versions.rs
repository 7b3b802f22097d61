//! One clock of changes, and places that remember when they were changed last by it. `models/` tries every interleaving.

use super::atomic::{AtomicU64, Ordering, PLACES};

/// Counts changes.
pub(crate) struct Clock(AtomicU64);

/// When a look-up began, by the clock of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(super) u64);

/// A look-up notes the clock before it reads; a change moves the clock and raises its place to it after it was written
/// and before it returns. What was read at an earlier version than its place was raised to is stale.
pub(crate) struct Places(Box<[AtomicU64]>);

/// Until when what is read of a place is not to be kept: a change whose outcome nobody knows may be written as late.
#[cfg(feature = "cache")]
pub(crate) struct Quiet {
    places: Box<[AtomicU64]>,
    /// Of all places.
    latest: AtomicU64,
}

/// Where the changes of an owner, or of an id, are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(pub(super) u16);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// To be noted before a look-up reads.
    pub(crate) fn now(&self) -> Version {
        Version(self.0.load(Ordering::Acquire))
    }

    fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel).wrapping_add(1)
    }
}

impl Places {
    pub(crate) fn new() -> Self {
        Self(zeros())
    }

    #[inline]
    pub(crate) fn of_hash(hash: u64) -> Place {
        let place = hash.checked_rem(u64::from(PLACES)).unwrap_or_default();
        Place(u16::try_from(place).unwrap_or_default())
    }

    /// Whether nothing that was changed since then has this place.
    #[inline]
    pub(crate) fn hold(&self, place: Place, read: Version) -> bool {
        self.at(place).is_some_and(|raised| raised.load(Ordering::Acquire) <= read.0)
    }

    /// After the change was made.
    pub(crate) fn raise(&self, place: Place, clock: &Clock) {
        // The clock first: a look-up that notes the new version begins after the change was made.
        let now = clock.tick();
        if let Some(raised) = self.at(place) {
            raised.fetch_max(now, Ordering::AcqRel);
        }
    }

    #[cfg(feature = "cache")]
    pub(crate) fn raise_all(&self, clock: &Clock) {
        let now = clock.tick();
        self.0.iter().for_each(|raised| _ = raised.fetch_max(now, Ordering::AcqRel));
    }

    #[inline]
    fn at(&self, place: Place) -> Option<&AtomicU64> {
        self.0.get(usize::from(place.0))
    }
}

#[cfg(feature = "cache")]
impl Quiet {
    pub(crate) fn new() -> Self {
        Self { places: zeros(), latest: AtomicU64::new(0) }
    }

    /// To be set before the place is raised.
    pub(crate) fn until(&self, place: Place, moment: u64) {
        self.latest.fetch_max(moment, Ordering::AcqRel);
        if let Some(quiet) = self.places.get(usize::from(place.0)) {
            quiet.fetch_max(moment, Ordering::AcqRel);
        }
    }

    /// Whether a read that began at that moment is not to be kept. To be asked after the read.
    pub(crate) fn covers(&self, place: Place, began: u64) -> bool {
        self.places.get(usize::from(place.0)).is_none_or(|quiet| began < quiet.load(Ordering::Acquire))
    }

    /// Whether it is not to be kept if it is of some place.
    pub(crate) fn covers_any(&self, began: u64) -> bool {
        began < self.latest.load(Ordering::Acquire)
    }
}

fn zeros() -> Box<[AtomicU64]> {
    (0..PLACES).map(|_| AtomicU64::new(0)).collect()
}
