//! How many current tokens of an owner are unexpired, without counting them.

use std::collections::BTreeSet;

use crate::record::{Expiry, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

/// The current tokens, parted by an instant that moves along with the changes: each token crosses it once, unless a
/// clock goes back.
pub(super) struct Current {
    parted_at: Timestamp,
    expired: BTreeSet<(Expiry, TokenId)>,
    unexpired: BTreeSet<(Expiry, TokenId)>,
}

impl Current {
    pub(super) fn insert(&mut self, record: &TokenRecord) {
        self.side(record.expiry).insert((record.expiry, record.id));
    }

    pub(super) fn remove(&mut self, record: &TokenRecord) {
        self.side(record.expiry).remove(&(record.expiry, record.id));
    }

    /// How many are unexpired at that instant.
    pub(super) fn unexpired(&mut self, at: Timestamp) -> u32 {
        self.parted_at = at;
        while let Some(token) = self.unexpired.pop_first() {
            if !token.0.has_passed(at) {
                self.unexpired.insert(token);
                break;
            }
            self.expired.insert(token);
        }
        while let Some(token) = self.expired.pop_last() {
            if token.0.has_passed(at) {
                self.expired.insert(token);
                break;
            }
            self.unexpired.insert(token);
        }
        u32::try_from(self.unexpired.len()).unwrap_or(u32::MAX)
    }

    fn side(&mut self, expiry: Expiry) -> &mut BTreeSet<(Expiry, TokenId)> {
        if expiry.has_passed(self.parted_at) { &mut self.expired } else { &mut self.unexpired }
    }
}

impl Default for Current {
    fn default() -> Self {
        Self { parted_at: Timestamp::MIN, expired: BTreeSet::new(), unexpired: BTreeSet::new() }
    }
}
