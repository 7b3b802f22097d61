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
