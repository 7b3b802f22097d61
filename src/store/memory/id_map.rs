//! The concurrent map from id to record. Reads take no lock; each write replaces one record as a whole.

use std::sync::Arc;

use papaya::{Compute, Guard as _, HashMap, Operation};

use crate::record::TokenRecord;
use crate::store::id_hasher::{IdHashing, gives_back};
use crate::token::TokenId;

#[derive(Default)]
pub(super) struct IdMap(HashMap<TokenId, Arc<TokenRecord>, IdHashing>);

impl IdMap {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, id: TokenId) -> Option<Arc<TokenRecord>> {
        self.0.pin().get(&id).cloned()
    }

    /// False if the id is taken; nothing is written then.
    pub(super) fn try_insert(&self, record: Arc<TokenRecord>) -> bool {
        if gives_back(record.id) {
            self.0.guard().flush();
        }
        self.0.pin().try_insert(record.id, record).is_ok()
    }

    /// Replaces the record by what `new` makes of it, in one atomic step, and answers the one replaced. None if
    /// there is no record or `new` wants none. `new` may run more than once.
    pub(super) fn replace(
        &self,
        id: TokenId,
        new: impl Fn(&TokenRecord) -> Option<TokenRecord>,
    ) -> Option<Arc<TokenRecord>> {
        let replaced = |entry: Option<(&TokenId, &Arc<TokenRecord>)>| match entry.and_then(|(_, old)| new(old)) {
            Some(record) => Operation::Insert(Arc::new(record)),
            None => Operation::Abort(()),
        };
        match self.0.pin().compute(id, replaced) {
            Compute::Updated { old: (_, old), .. } => Some(Arc::clone(old)),
            _ => None,
        }
    }

    pub(super) fn remove(&self, id: TokenId) {
        self.0.pin().remove(&id);
    }

    /// At most so many of the records that fulfil the condition, in no order.
    pub(super) fn filtered(&self, condition: impl Fn(&TokenRecord) -> bool, at_most: usize) -> Vec<Arc<TokenRecord>> {
        self.0.pin().values().filter(|record| condition(record)).take(at_most).cloned().collect()
    }
}
