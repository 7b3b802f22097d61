//! What is to be forgotten: by owner after a change, by id where a host says so.

use crate::fence::{Clock, Owners, Place, Places, Quiet, Version};
use crate::record::OwnerId;
use crate::token::TokenId;

use super::age::Moment;

pub(super) struct Forgetting {
    clock: Clock,
    owners: Owners,
    ids: Places,
    quiet: Quiet,
}

impl Forgetting {
    pub(super) fn new() -> Self {
        Self { clock: Clock::new(), owners: Owners::new(), ids: Places::new(), quiet: Quiet::new() }
    }

    pub(super) fn now(&self) -> Version {
        self.clock.now()
    }

    pub(super) fn owner(&self, owner: &OwnerId) -> Place {
        self.owners.place(owner)
    }

    /// Whether what was read at that version may be answered.
    #[inline]
    pub(super) fn holds(&self, id: TokenId, owner: Place, read: Version) -> bool {
        self.owners.hold(owner, read) && self.ids.hold(Places::of_hash(id.mixed()), read)
    }

    pub(super) fn forget_owner(&self, owner: Place) {
        self.owners.raise(owner, &self.clock);
    }

    pub(super) fn invalidate(&self, id: TokenId) {
        self.ids.raise(Places::of_hash(id.mixed()), &self.clock);
    }

    pub(super) fn invalidate_all(&self) {
        self.owners.raise_all(&self.clock);
    }

    /// To be said before the owner is forgotten.
    pub(super) fn keep_nothing_until(&self, owner: Place, until: Moment) {
        self.quiet.until(owner, until.nanos());
    }

    /// Whether what was read from that moment on is not to be kept. To be asked after the read.
    pub(super) fn is_quiet(&self, owner: Place, began: Moment) -> bool {
        self.quiet.covers(owner, began.nanos())
    }

    /// Whether what was read from that moment on is, of some owner, not to be kept.
    pub(super) fn is_quiet_anywhere(&self, began: Moment) -> bool {
        self.quiet.covers_any(began.nanos())
    }
}
