//! What a change and a list must find quickly among the tokens of one owner.

use std::sync::Arc;

use crate::record::{Needs, TokenName, TokenRecord, View};
use crate::store::Cursor;
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::few::Few;
use super::id_map::IdMap;
use super::many::Many;

pub(super) enum OwnerIndex {
    Few(Few),
    Many(Box<Many>),
}

/// To look through as many takes no longer than to keep an index of them.
const MOST_FEW: usize = 64;

impl OwnerIndex {
    /// After the record was written.
    pub(super) fn insert(&mut self, record: &TokenRecord, records: &IdMap) {
        if let Self::Few(few) = self
            && few.len() >= MOST_FEW
        {
            let mut many = Many::default();
            few.newest_first(None).filter_map(|id| records.get(id)).for_each(|record| many.insert(&record));
            *self = Self::Many(Box::new(many));
        }
        match self {
            Self::Few(few) => few.insert(record),
            Self::Many(many) => many.insert(record),
        }
    }

    /// The record as it was.
    pub(super) fn remove(&mut self, record: &TokenRecord) {
        match self {
            Self::Few(few) => few.remove(record),
            Self::Many(many) => many.remove(record),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Few(few) => few.len() == 0,
            Self::Many(many) => many.is_empty(),
        }
    }

    /// The ids behind the cursor, newest first.
    pub(super) fn newest_first(&self, after: Option<Cursor>) -> impl Iterator<Item = TokenId> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few.newest_first(after)), None),
            Self::Many(many) => (None, Some(many.newest_first(after))),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten())
    }

    pub(super) fn view(&mut self, needs: &Needs<'_>, records: &IdMap) -> View {
        if needs.all {
            return needs.gather(self.newest_first(None).filter_map(|id| records.get(id)));
        }
        let target = needs.target.and_then(|id| records.get(id));
        let predecessor = target.as_ref().and_then(|target| target.predecessor).and_then(|id| records.get(id));
        let holder =
            needs.name.and_then(|name| self.holder(name, records)).filter(|holder| needs.target != Some(holder.id));
        let found = [target, predecessor, holder].into_iter().flatten();
        View { active: self.unexpired(needs.at), ..needs.gather(found) }
    }

    /// The current one with this name.
    fn holder(&self, name: &TokenName, records: &IdMap) -> Option<Arc<TokenRecord>> {
        match self {
            Self::Few(few) => {
                few.may_be_named(name).filter_map(|id| records.get(id)).find(|record| record.name == *name)
            }
            Self::Many(many) => many.holder(name).and_then(|id| records.get(id)),
        }
    }

    fn unexpired(&mut self, at: Timestamp) -> u32 {
        match self {
            Self::Few(few) => few.unexpired(at),
            Self::Many(many) => many.unexpired(at),
        }
    }
}

impl Default for OwnerIndex {
    fn default() -> Self {
        Self::Few(Few::default())
    }
}
