//! [`MemoryStore`]: tokens in this process's memory.

mod current;
mod id_map;
mod owner_index;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::Duration;

use crate::record::{Change, ChangeRefused, Changed, OwnerId, Plan, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::{ChangeError, Cursor, ExpiringQuery, LastUse, ListQuery, Lookup, Pruned, StoreError, TokenStore};
use id_map::IdMap;
use owner_index::OwnerIndex;

const STRIPES: usize = 256;

/// Tokens in this process's memory; gone when it ends. For tests, examples, and services that issue tokens for
/// the life of a process.
///
/// A lookup neither waits for another nor for a change: records hang in a concurrent map, each behind an
/// `Arc` that a change replaces as a whole. Changes of one owner wait for each other (and now and then for one
/// of another owner who shares the lock). A change and a list's page take time in the logarithm of the owner's tokens,
/// whatever the limit; but a page reads the tokens in other states that it passes over, and revoke all reads all.
/// [`expiring`](TokenStore::expiring) and [`prune`](TokenStore::prune) read all tokens.
///
/// It is never stale, and [`find_cached`](TokenStore::find_cached) always knows.
///
/// ```
/// use personal_tokens::{PersonalTokens, store::MemoryStore};
///
/// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").build()?;
/// # Ok::<(), personal_tokens::BuildError>(())
/// ```
pub struct MemoryStore {
    records: IdMap,
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
}

/// The indexes of the owners that share a lock.
type Stripe = HashMap<OwnerId, OwnerIndex>;

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            records: IdMap::default(),
            stripes: std::iter::repeat_with(Mutex::default).take(STRIPES).collect(),
            hasher: RandomState::new(),
        }
    }

    /// How many records it holds, ended ones too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it holds no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn stripe(&self, owner: &OwnerId) -> Result<MutexGuard<'_, Stripe>, StoreError> {
        let stripes = u64::try_from(self.stripes.len()).unwrap_or(u64::MAX);
        let place = self.hasher.hash_one(owner).checked_rem(stripes).and_then(|place| usize::try_from(place).ok());
        let stripe =
            place.and_then(|place| self.stripes.get(place)).ok_or_else(|| StoreError::unavailable("no lock"))?;
        // Nothing that runs under the lock panics half-way through a write.
        Ok(stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Under the owner's lock: the plan was made from what still stands, so no update can miss its row.
    fn write(&self, stripe: &mut Stripe, owner: &OwnerId, plan: Plan) -> Result<Changed, ChangeRefused> {
        // First what can be refused: nothing is written then.
        if let Some(new) = &plan.insert
            && !self.records.try_insert(Arc::new(new.clone()))
        {
            return Err(ChangeRefused::IdTaken);
        }
        if plan.changed.written.is_empty() {
            return Ok(plan.changed);
        }
        let index = stripe.entry(owner.clone()).or_default();
        for new in plan.update {
            if let Some(old) = self.records.replace(new.id, |old| Some(new.written_over(old))) {
                index.remove(&old);
                index.insert(&new);
            }
        }
        if let Some(new) = &plan.insert {
            index.insert(new);
        }
        Ok(plan.changed)
    }

    /// Removes the record if it still ended before the instant.
    fn prune_one(&self, candidate: &TokenRecord, ended_before: Timestamp) -> Result<bool, StoreError> {
        let mut stripe = self.stripe(&candidate.owner)?;
        let Some(record) = self.records.get(candidate.id).filter(|record| ended_earlier(record, ended_before)) else {
            return Ok(false);
        };
        if let Some(index) = stripe.get_mut(&record.owner) {
            index.remove(&record);
            if index.is_empty() {
                stripe.remove(&record.owner);
            }
        }
        self.records.remove(record.id);
        Ok(true)
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    fn find_cached(&self, id: TokenId) -> Lookup {
        self.records.get(id).map_or(Lookup::Absent, Lookup::Hit)
    }

    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        Ok(self.records.get(id))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let mut stripe = self.stripe(change.owner())?;
        let needs = change.needs();
        let view = stripe.get_mut(change.owner()).map(|index| index.view(&needs, &self.records)).unwrap_or_default();
        let plan = change.decide(view)?;
        Ok(self.write(&mut stripe, change.owner(), plan)?)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        let stripe = self.stripe(owner)?;
        let Some(index) = stripe.get(owner) else {
            return Ok(Vec::new());
        };
        let newest_first = index.newest_first(query.after).filter_map(|id| self.records.get(id));
        let matching = newest_first.filter(|record| query.matches(record, at));
        Ok(matching.take(as_usize(query.limit.get())).map(Arc::unwrap_or_clone).collect())
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        for used in uses {
            self.records.replace(used.id, |old| {
                let at = used.applied(old.last_used, resolution)?;
                Some(TokenRecord { last_used: Some(at), ..old.clone() })
            });
        }
        Ok(())
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        let mut found = self.records.filtered(|record| query.matches(record), usize::MAX);
        found.sort_unstable_by_key(|record| Cursor::in_expiring(record));
        found.truncate(as_usize(query.limit.get()));
        Ok(found.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        let claimed = self
            .records
            .replace(id, |old| (old.noticed == was).then(|| TokenRecord { noticed: Some(at), ..old.clone() }));
        Ok(claimed.is_some())
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        let ended = self.records.filtered(|record| ended_earlier(record, ended_before), as_usize(at_most));
        let mut pruned = Vec::new();
        for candidate in ended {
            if self.prune_one(&candidate, ended_before)? {
                pruned.push(Pruned::new(candidate.id, candidate.owner.clone()));
            }
        }
        Ok(pruned)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("len", &self.len()).finish_non_exhaustive()
    }
}

fn ended_earlier(record: &TokenRecord, than: Timestamp) -> bool {
    record.ended().is_some_and(|ended| ended < than)
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
