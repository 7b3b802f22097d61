use std::sync::Arc;

use crate::fence::{Place, Stamp, Version};
use crate::record::TokenRecord;
use crate::token::TokenId;

use super::age::Moment;

/// A record, and what it was read at. With its key in 40 bytes: no allocator rounds them up to 64.
pub(super) struct Entry {
    record: Arc<TokenRecord>,
    pub(super) began: Moment,
    pub(super) stamp: Stamp,
}

impl Entry {
    pub(super) fn new(record: Arc<TokenRecord>, read: Version, began: Moment, owner: Place) -> Self {
        Self { record, began, stamp: Stamp::new(read, owner) }
    }

    #[inline]
    pub(super) fn used(&self) -> Arc<TokenRecord> {
        self.stamp.used();
        Arc::clone(&self.record)
    }
}

const _: () = assert!(size_of::<(TokenId, Entry)>() <= 40);
