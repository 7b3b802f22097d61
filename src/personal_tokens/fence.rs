//! The handle's own fence: a verification whose record was read before a change of its owner returned looks again.

use crate::fence::{Clock, Owners, Place, Version};
use crate::record::OwnerId;

pub(super) struct Fence {
    clock: Clock,
    owners: Owners,
}

/// Raises the owner's fence when dropped, however the change ended.
pub(super) struct Raise<'f> {
    fence: &'f Fence,
    owner: Option<Place>,
}

impl Fence {
    pub(super) fn new() -> Self {
        Self { clock: Clock::new(), owners: Owners::new() }
    }

    /// To be read before a lookup begins.
    pub(super) fn now(&self) -> Version {
        self.clock.now()
    }

    /// Whether a change of the owner's tokens may have returned since.
    pub(super) fn was_raised(&self, owner: &OwnerId, since: Version) -> bool {
        !self.owners.hold(self.owners.place(owner), since)
    }

    pub(super) fn raise_on_drop(&self, owner: &OwnerId) -> Raise<'_> {
        Raise { fence: self, owner: Some(self.owners.place(owner)) }
    }
}

impl Raise<'_> {
    /// The change was refused: it wrote nothing, so nobody can make others look twice by asking for nonsense.
    pub(super) fn not_needed(mut self) {
        self.owner = None;
    }
}

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        if let Some(owner) = self.owner {
            self.fence.owners.raise(owner, &self.fence.clock);
        }
    }
}
