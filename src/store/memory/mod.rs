//! [`MemoryStore`]: tokens in this process's memory.

mod current;
mod few;
mod id_map;
mod many;
mod owner_index;
mod owners;

use std::sync::Arc;

use async_trait::async_trait;
use time::Duration;

use crate::record::{Change, ChangeRefused, Changed, OwnerId, Plan, TokenRecord, View};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::{ChangeError, Cursor, ExpiringQuery, LastUse, ListQuery, Lookup, Pruned, StoreError, TokenStore};
use id_map::IdMap;
use owners::{Held, Owners};

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
    owners: Owners,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { records: IdMap::default(), owners: Owners::new() }
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

    /// Under the owner's lock: the plan was made from what still stands, so no update can miss its row. The new record
    /// is kept with the owner's text that the index has already.
    fn write(&self, held: &mut Held<'_>, kept: Option<OwnerId>, mut plan: Plan) -> Result<Changed, ChangeRefused> {
        if let (Some(new), Some(owner)) = (&mut plan.insert, kept) {
            new.owner = owner;
        }
        let Plan { update, insert, changed } = plan;
        let insert = insert.map(Arc::new);
        // First what can be refused: nothing is written then.
        if let Some(new) = &insert
            && !self.records.try_insert(Arc::clone(new))
        {
            return Err(ChangeRefused::IdTaken);
        }
        if changed.written.is_empty() {
            return Ok(changed);
        }
        let index = held.index_or_new();
        for new in update {
            if let Some(old) = self.records.replace(new.id, |old| Some(new.written_over(old))) {
                index.remove(&old);
                index.insert(&new, &self.records);
            }
        }
        if let Some(new) = &insert {
            index.insert(new, &self.records);
        }
        Ok(changed)
    }

    /// Removes the record if it still ended before the instant.
    fn prune_one(&self, candidate: &TokenRecord, ended_before: Timestamp) -> Result<bool, StoreError> {
        let mut held = self.owners.hold(&candidate.owner)?;
        let Some(record) = self.records.get(candidate.id).filter(|record| ended_earlier(record, ended_before)) else {
            return Ok(false);
        };
        if let Some((_, index)) = held.index() {
            index.remove(&record);
            if index.is_empty() {
                held.remove();
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
        let mut held = self.owners.hold(change.owner())?;
        let needs = change.needs();
        let (kept, view) = match held.index() {
            Some((owner, index)) => (Some(owner.clone()), index.view(&needs, &self.records)),
            None => (None, View::default()),
        };
        let plan = change.decide(view)?;
        Ok(self.write(&mut held, kept, plan)?)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        let mut held = self.owners.hold(owner)?;
        let Some((_, index)) = held.index() else {
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
