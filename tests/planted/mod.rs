//! A store with a bug: all records in one `Vec` behind a lock, sound but for the place where its bug is.
#![allow(dead_code, unused_imports)]

mod bugs;
mod changes;
mod plans;
mod queries;
mod texts;
mod writes;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use personal_tokens::store::conformance::Subject;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, Lookup, Pruned, TokenStore, async_trait};
use personal_tokens::{
    Change, ChangeError, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenName, TokenRecord,
};

pub use bugs::{BUGS, Bug, RACES};

/// Clones are one store.
#[derive(Clone, Default)]
pub struct Planted {
    bug: Option<Bug>,
    caches: bool,
    panics: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Default)]
struct State {
    rows: Vec<TokenRecord>,
    /// The rows as they were before the last change.
    before: Vec<TokenRecord>,
    /// The rows that are no records.
    spoilt: HashSet<TokenId>,
    /// Ids of rows that a bug keeps.
    hidden: HashSet<TokenId>,
    /// What `find` found.
    memory: HashMap<TokenId, Option<Arc<TokenRecord>>>,
}

impl Planted {
    /// Without a bug.
    pub fn sound() -> Self {
        Self::default()
    }

    /// Without a bug. `find` and `find_cached` remember what was found until a change writes it: no use, no claim and no
    /// prune makes them forget, which they may.
    pub fn sound_with_a_cache() -> Self {
        Self { caches: true, ..Self::default() }
    }

    pub fn with(bug: Bug) -> Self {
        let caches = matches!(
            bug,
            Bug::CacheForgetsNothing
                | Bug::CacheForgetsTheTargetOnly
                | Bug::CacheForgetsNoneOfRevokeAll
                | Bug::CacheForgetsNoEdits
                | Bug::RemembersLate
        );
        Self { bug: Some(bug), caches, ..Self::default() }
    }

    /// Whose claims panic.
    pub fn that_panics() -> Self {
        Self { panics: true, ..Self::default() }
    }

    /// With the way to corrupt a row.
    pub fn subject(self) -> Subject {
        let spoilt = self.clone();
        Subject::new(self).corrupted_by(move |id| {
            spoilt.state().spoilt.insert(id);
            std::future::ready(())
        })
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What the store looks like before the lock is taken, with time for others to change it, if its bug is one of these.
    async fn stale(&self, races: &[Bug]) -> Option<State> {
        if !races.iter().any(|race| self.has(*race)) {
            return None;
        }
        let stale = self.state().clone();
        gap().await;
        Some(stale)
    }

    /// The records of these rows; an error if one is none, unless the bug is to skip it.
    fn read<'s>(
        &self,
        state: &State,
        rows: impl IntoIterator<Item = &'s TokenRecord>,
        skips: Bug,
    ) -> Result<Vec<TokenRecord>, StoreError> {
        let mut records = Vec::new();
        for row in rows {
            match state.spoilt.contains(&row.id) {
                false => records.push(row.clone()),
                true if self.has(skips) => {}
                true if self.has(Bug::CorruptIsUnavailable) => return Err(StoreError::unavailable("it is spoilt")),
                true => return Err(StoreError::corrupt("it is spoilt")),
            }
        }
        Ok(records)
    }

    fn found(&self, state: &State, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        if self.has(Bug::FindMendsCorrupt) && state.spoilt.contains(&id) {
            let mut mended = state.rows.iter().find(|row| row.id == id).cloned();
            mended.iter_mut().for_each(|record| record.name = TokenName::new("mended").unwrap());
            return Ok(mended);
        }
        let rows = state.rows.iter().filter(|row| self.same_id(row.id, id)).take(1);
        let mut found = self.read(state, rows, Bug::FindSkipsCorrupt)?;
        found.retain(|record| match self.bug {
            Some(Bug::FindHidesRevoked) => record.revoked.is_none(),
            Some(Bug::FindHidesRotated) => record.rotated.is_none_or(|rotated| rotated.grace_ends > record.created),
            _ => true,
        });
        Ok(found.pop())
    }
}

/// As long as others may take to do theirs.
async fn gap() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl TokenStore for Planted {
    fn find_cached(&self, id: TokenId) -> Lookup {
        match self.state().memory.get(&id) {
            Some(Some(record)) if self.caches => Lookup::Hit(Arc::clone(record)),
            _ => Lookup::Ask,
        }
    }

    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        let stale = self.stale(&[Bug::RemembersLate]).await;
        let mut state = self.state();
        if let Some(known) = state.memory.get(&id) {
            return Ok(known.clone());
        }
        let found = self.found(stale.as_ref().unwrap_or(&state), id)?.map(Arc::new);
        if if found.is_some() { self.caches } else { self.has(Bug::RemembersAbsence) } {
            state.memory.insert(id, found.clone());
        }
        Ok(found)
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.make(change).await
    }

    async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        let state = self.state();
        let rows = state.rows.iter().filter(|row| {
            let ours = self.same_owner(&row.owner, owner) || self.has(Bug::GetIgnoresOwner);
            let hidden = self.has(Bug::GetHidesEnded) && !row.is_current();
            self.same_id(row.id, id) && ours && !hidden
        });
        Ok(self.read(&state, rows.take(1), Bug::GetSkipsCorrupt)?.pop())
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.listed(owner, query, at)
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.touched(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.expires(query)
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        assert!(!self.panics, "a claim panics");
        self.claimed(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        Ok(self.pruned(ended_before, at_most).await)
    }
}
