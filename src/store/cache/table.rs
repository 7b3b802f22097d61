//! What is kept: a concurrent map for hits, and beside it, for those who put, the order in which it is given up.

use std::sync::{Mutex, PoisonError};

use papaya::{Guard as _, HashMap};

use crate::store::id_hasher::{IdHashing, gives_back};
use crate::token::TokenId;

use super::entry::Entry;
use super::queues::Queues;

pub(super) struct Table {
    entries: HashMap<TokenId, Entry, IdHashing>,
    /// Holds the id of each entry once. Whoever inserts or removes an entry holds the lock.
    queues: Mutex<Queues>,
    capacity: usize,
}

impl Table {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::default(), queues: Mutex::new(Queues::new(capacity)), capacity }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is an entry, however old.
    pub(super) fn has(&self, id: TokenId) -> bool {
        self.entries.pin().contains_key(&id)
    }

    /// Waits for nobody.
    pub(super) fn get<T>(&self, id: TokenId, read: impl FnOnce(&Entry) -> Option<T>) -> Option<T> {
        self.entries.pin().get(&id).and_then(read)
    }

    pub(super) fn put(&self, id: TokenId, entry: Entry) {
        // Nothing that runs under the lock panics half-way through.
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.pin();
        if let Some(old) = entries.get(&id) {
            // Of two look-ups the one that began later knows better.
            if old.began <= entry.began {
                entry.stamp.set_uses(old.stamp.uses());
                entries.insert(id, entry);
            }
            return;
        }
        while queues.len() >= self.capacity {
            let Some(given_up) = queues.give_up(|id| entries.get(&id)) else { break };
            entries.remove(&given_up);
        }
        queues.push(id);
        if gives_back(id) {
            self.entries.guard().flush();
        }
        entries.insert(id, entry);
    }
}
