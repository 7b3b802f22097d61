//! What a change and a list must find quickly among the tokens of one owner.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use crate::record::{Needs, TokenName, TokenRecord, View};
use crate::store::Cursor;
use crate::token::TokenId;

use super::current::Current;
use super::id_map::IdMap;

#[derive(Default)]
pub(super) struct OwnerIndex {
    /// All, in the order of a list, oldest first.
    created: BTreeSet<Cursor>,
    /// Who holds which name: the current ones.
    names: HashMap<TokenName, TokenId>,
    /// How many of the current ones are unexpired.
    current: Current,
}

impl OwnerIndex {
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

    /// The ids behind the cursor, newest first.
    pub(super) fn newest_first(&self, after: Option<Cursor>) -> impl Iterator<Item = TokenId> {
        let end = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.created.range((Bound::Unbounded, end)).rev().map(|place| place.id)
    }

    pub(super) fn view(&mut self, needs: &Needs<'_>, records: &IdMap) -> View {
        if needs.all {
            return needs.gather(self.newest_first(None).filter_map(|id| records.get(id)));
        }
        let target = needs.target.and_then(|id| records.get(id));
        let predecessor = target.as_ref().and_then(|target| target.predecessor).and_then(|id| records.get(id));
        let holder = needs
            .name
            .and_then(|name| self.names.get(name))
            .filter(|holder| needs.target != Some(**holder))
            .and_then(|id| records.get(*id));
        let found = [target, predecessor, holder].into_iter().flatten();
        View { active: self.current.unexpired(needs.at), ..needs.gather(found) }
    }
}
