//! What a change and a list must find quickly among the tokens of one owner.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use crate::record::{Expiry, Needs, TokenName, TokenRecord, View};
use crate::store::Cursor;
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::id_map::IdMap;

#[derive(Default)]
pub(super) struct OwnerIndex {
    /// All, in the order of a list, oldest first.
    created: BTreeSet<Cursor>,
    /// Who holds which name: the current ones.
    names: HashMap<TokenName, TokenId>,
    /// The current ones by expiry; `Never` is last.
    current: BTreeSet<(Expiry, TokenId)>,
}

const LAST_ID: TokenId = TokenId::from_bytes([u8::MAX; TokenId::LEN]);

impl OwnerIndex {
    pub(super) fn insert(&mut self, record: &TokenRecord) {
        self.created.insert(Cursor::in_list(record));
        if record.is_current() {
            self.names.insert(record.name.clone(), record.id);
            self.current.insert((record.expiry, record.id));
        }
    }

    pub(super) fn remove(&mut self, record: &TokenRecord) {
        self.created.remove(&Cursor::in_list(record));
        if record.is_current() {
            self.names.remove(&record.name);
            self.current.remove(&(record.expiry, record.id));
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

    pub(super) fn view(&self, needs: &Needs<'_>, records: &IdMap) -> View {
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
        View { active: self.count_active(needs.at, needs.count_to), ..needs.gather(found) }
    }

    fn count_active(&self, at: Timestamp, up_to: u32) -> u32 {
        let unexpired = self.current.range((Bound::Excluded((Expiry::At(at), LAST_ID)), Bound::Unbounded));
        let counted = unexpired.take(usize::try_from(up_to).unwrap_or(usize::MAX)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    }
}
