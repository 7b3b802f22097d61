//! The tokens of an owner who has many: what a change and a list must find quickly among them.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use crate::record::{TokenName, TokenRecord};
use crate::store::Cursor;
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::current::Current;

#[derive(Default)]
pub(super) struct Many {
    /// All, in the order of a list, oldest first.
    created: BTreeSet<Cursor>,
    /// Who holds which name: the current ones.
    names: HashMap<TokenName, TokenId>,
    /// How many of the current ones are unexpired.
    current: Current,
}

impl Many {
    pub(super) fn insert(&mut self, record: &TokenRecord) {
        self.created.insert(Cursor::in_list(record));
        if record.is_current() {
            self.names.insert(record.name.clone(), record.id);
            self.current.insert(record);
        }
    }

    pub(super) fn remove(&mut self, record: &TokenRecord) {
        self.created.remove(&Cursor::in_list(record));
        if record.is_current() {
            self.names.remove(&record.name);
            self.current.remove(record);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.created.is_empty()
    }

    pub(super) fn newest_first(&self, after: Option<Cursor>) -> impl Iterator<Item = TokenId> {
        let end = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.created.range((Bound::Unbounded, end)).rev().map(|place| place.id)
    }

    pub(super) fn holder(&self, name: &TokenName) -> Option<TokenId> {
        self.names.get(name).copied()
    }

    /// How many current ones are unexpired.
    pub(super) fn unexpired(&mut self, at: Timestamp) -> u32 {
        self.current.unexpired(at)
    }
}
