//! The owners and their indexes, in parts that have a lock each.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use crate::record::OwnerId;
use crate::store::StoreError;

use super::owner_index::OwnerIndex;

pub(super) struct Owners {
    parts: Box<[Mutex<Part>]>,
    /// Owners are chosen outside: a secret of the process keeps them apart.
    hasher: RandomState,
}

/// By a hash that is made once a change.
type Part = HashTable<(OwnerId, OwnerIndex)>;

/// An owner whose lock is held.
pub(super) struct Held<'o> {
    owner: &'o OwnerId,
    hash: u64,
    part: MutexGuard<'o, Part>,
    hasher: &'o RandomState,
}

const PARTS: usize = 256;

impl Owners {
    pub(super) fn new() -> Self {
        Self { parts: std::iter::repeat_with(Mutex::default).take(PARTS).collect(), hasher: RandomState::new() }
    }

    pub(super) fn hold<'o>(&'o self, owner: &'o OwnerId) -> Result<Held<'o>, StoreError> {
        let hash = self.hasher.hash_one(owner);
        // By bits from the middle: the table in it goes by those at both ends.
        let [_, _, _, part, ..] = hash.to_le_bytes();
        let part = self.parts.get(usize::from(part)).ok_or_else(|| StoreError::unavailable("no lock"))?;
        // Nothing that runs under the lock panics half-way through a write.
        let part = part.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Held { owner, hash, part, hasher: &self.hasher })
    }
}

impl Held<'_> {
    /// The owner as it is kept, so that its records share one text, and its index; none where it has no token.
    pub(super) fn index(&mut self) -> Option<(&OwnerId, &mut OwnerIndex)> {
        let (owner, index) = self.part.find_mut(self.hash, |(owner, _)| owner == self.owner)?;
        Some((owner, index))
    }

    pub(super) fn index_or_new(&mut self) -> &mut OwnerIndex {
        let of = |(owner, _): &(OwnerId, OwnerIndex)| self.hasher.hash_one(owner);
        let entry = self.part.entry(self.hash, |(owner, _)| owner == self.owner, of);
        let (_, index) = entry.or_insert_with(|| (self.owner.clone(), OwnerIndex::default())).into_mut();
        index
    }

    /// An owner without tokens takes no room.
    pub(super) fn remove(&mut self) {
        if let Ok(entry) = self.part.find_entry(self.hash, |(owner, _)| owner == self.owner) {
            entry.remove();
        }
    }
}
