use std::hash::{BuildHasher as _, RandomState};

use crate::record::OwnerId;

use super::versions::{Clock, Place, Places, Version};

/// The owners' places. Those who share one cost each other a second look-up, no more.
pub(crate) struct Owners {
    places: Places,
    hasher: RandomState,
}

impl Owners {
    pub(crate) fn new() -> Self {
        Self { places: Places::new(), hasher: RandomState::new() }
    }

    pub(crate) fn place(&self, owner: &OwnerId) -> Place {
        Places::of_hash(self.hasher.hash_one(owner))
    }

    /// Whether no change of the owner's tokens has ended since then.
    #[inline]
    pub(crate) fn hold(&self, owner: Place, read: Version) -> bool {
        self.places.hold(owner, read)
    }

    pub(crate) fn raise(&self, owner: Place, clock: &Clock) {
        self.places.raise(owner, clock);
    }

    #[cfg(feature = "cache")]
    pub(crate) fn raise_all(&self, clock: &Clock) {
        self.places.raise_all(clock);
    }
}
