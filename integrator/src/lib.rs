//! Shows that a store and its tests want `personal-tokens` and nothing else: here is one over the standard library,
//! `tests/conforms.rs` tries it by the conformance kit.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use personal_tokens::store::{Cursor, ExpiringQuery, LastUse, ListQuery, Pruned, TokenStore, async_trait};
use personal_tokens::{
    Change, ChangeError, ChangeRefused, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord,
};

/// Tokens in a map, by id.
#[derive(Debug, Default)]
pub struct MapStore(Mutex<BTreeMap<TokenId, TokenRecord>>);

impl MapStore {
    fn records(&self) -> Result<MutexGuard<'_, BTreeMap<TokenId, TokenRecord>>, StoreError> {
        self.0.lock().map_err(|_| StoreError::unavailable("a thread panicked in the store"))
    }
}

#[async_trait]
impl TokenStore for MapStore {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        Ok(self.records()?.get(&id).cloned().map(Arc::new))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let mut records = self.records()?;
        let plan = change.decide(change.needs().gather(records.values()))?;
        if plan.insert.as_ref().is_some_and(|new| records.contains_key(&new.id)) {
            return Err(ChangeRefused::IdTaken.into());
        }
        for new in plan.update {
            // What is planned was gathered under this lock, so it is there.
            records.entry(new.id).and_modify(|old| *old = new.written_over(old));
        }
        records.extend(plan.insert.map(|new| (new.id, new)));
        Ok(plan.changed)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        let records = self.records()?;
        let matching = records.values().filter(|record| record.owner == *owner && query.matches(record, at));
        let mut found: Vec<TokenRecord> = matching.cloned().collect();
        found.sort_by_key(|record| Reverse(Cursor::in_list(record)));
        found.truncate(query.limit.get() as usize);
        Ok(found)
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        let mut records = self.records()?;
        for used in uses {
            if let Some(record) = records.get_mut(&used.id) {
                record.last_used = used.applied(record.last_used, resolution).or(record.last_used);
            }
        }
        Ok(())
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        let records = self.records()?;
        let mut found: Vec<TokenRecord> = records.values().filter(|record| query.matches(record)).cloned().collect();
        found.sort_by_key(Cursor::in_expiring);
        found.truncate(query.limit.get() as usize);
        Ok(found)
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        let mut records = self.records()?;
        let stands = records.get_mut(&id).filter(|record| record.noticed == was);
        Ok(stands.map(|record| record.noticed = Some(at)).is_some())
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        let mut records = self.records()?;
        let over = records.values().filter(|record| record.ended().is_some_and(|ended| ended < ended_before));
        let pruned = over.take(at_most as usize).map(|record| Pruned::new(record.id, record.owner.clone()));
        let pruned: Vec<Pruned> = pruned.collect();
        for gone in &pruned {
            records.remove(&gone.id);
        }
        Ok(pruned)
    }
}
