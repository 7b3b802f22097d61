//! The hash of maps that are keyed by id.

use std::hash::{BuildHasherDefault, Hasher};

use crate::token::TokenId;

pub(crate) type IdHashing = BuildHasherDefault<IdHasher>;

/// One multiplication a word: ids are random and a lookup inserts nothing, so there is nothing to hide from (failures
/// 38).
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_u64(&mut self, word: u64) {
        self.0 = TokenId::mix(self.0 ^ word);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Whether whoever inserts this id, one of some thousand, is to have the map give back what it retired: a table that it
/// outgrew would wait until enough entries were replaced.
#[cfg(any(feature = "memory", feature = "cache"))]
pub(super) fn gives_back(id: TokenId) -> bool {
    id.mixed().is_multiple_of(4_096)
}
