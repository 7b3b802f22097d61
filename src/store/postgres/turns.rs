//! Whose turn it is among this process's changes of one owner: they wait here, not each with a connection.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::record::OwnerId;

const PLACES: usize = 1_024;

/// Owners who share a place wait for each other without need.
pub(super) struct Turns {
    places: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { places: std::iter::repeat_with(Mutex::default).take(PLACES).collect(), hasher: RandomState::new() }
    }

    pub(super) async fn take(&self, owner: &OwnerId) -> Option<MutexGuard<'_, ()>> {
        let places = u64::try_from(self.places.len()).ok()?;
        let place = self.hasher.hash_one(owner).checked_rem(places)?;
        Some(self.places.get(usize::try_from(place).ok()?)?.lock().await)
    }
}
