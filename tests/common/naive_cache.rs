//! A cache as one writes it first, with a flaw or without: a map behind a lock, without bounds, which forgets all at each change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, Lookup, Pruned, TokenStore};
use personal_tokens::{
    Change, ChangeError, Changed, Clock as _, Duration, ManualClock, OwnerId, StoreError, Timestamp, TokenId,
    TokenRecord,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// What a look-up finds is kept, whatever was changed since it read.
    KeepsWhatWasOvertaken,
    /// All is forgotten before a change is written, and not after.
    ForgetsBeforeTheChange,
    /// Only once a change has succeeded.
    ForgetsOnSuccess,
    /// Its age counts from the last hit.
    HitsMakeItYounger,
    /// Its age counts from when the answer came.
    AgesFromTheAnswer,
    /// That there is no token of an id, too.
    KeepsUnknown,
    /// By the wall clock.
    AgesByTheWallClock,
}

pub struct NaiveCache<S> {
    inner: S,
    flaw: Flaw,
    bound: StdDuration,
    clock: ManualClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: HashMap<TokenId, Kept>,
    changes: u64,
}

#[derive(Clone)]
struct Kept {
    record: Option<Arc<TokenRecord>>,
    began: StdDuration,
}

impl Flaw {
    pub const ALL: [Self; 7] = [
        Self::KeepsWhatWasOvertaken,
        Self::ForgetsBeforeTheChange,
        Self::ForgetsOnSuccess,
        Self::HitsMakeItYounger,
        Self::AgesFromTheAnswer,
        Self::KeepsUnknown,
        Self::AgesByTheWallClock,
    ];
}

impl<S> NaiveCache<S> {
    pub fn over(inner: S, flaw: Flaw, bound: StdDuration, clock: ManualClock) -> Self {
        Self { inner, flaw, bound, clock, state: Mutex::default() }
    }

    fn now(&self) -> StdDuration {
        if self.flaw == Flaw::AgesByTheWallClock {
            let micros = self.clock.now().unwrap().as_micros();
            return StdDuration::from_micros(u64::try_from(micros).unwrap());
        }
        self.clock.monotonic()
    }

    fn kept(&self, id: TokenId) -> Option<Option<Arc<TokenRecord>>> {
        let now = self.now();
        let mut state = self.state.lock().unwrap();
        let kept = state.kept.get_mut(&id).filter(|kept| now.saturating_sub(kept.began) < self.bound)?;
        if self.flaw == Flaw::HitsMakeItYounger {
            kept.began = now;
        }
        Some(kept.record.clone())
    }

    fn forget(&self) {
        let mut state = self.state.lock().unwrap();
        state.changes += 1;
        state.kept.clear();
    }
}

#[async_trait]
impl<S: TokenStore> TokenStore for NaiveCache<S> {
    fn find_cached(&self, id: TokenId) -> Lookup {
        match self.kept(id) {
            Some(Some(record)) => Lookup::Hit(record),
            Some(None) => Lookup::Absent,
            None => Lookup::Ask,
        }
    }

    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        if let Some(kept) = self.kept(id) {
            return Ok(kept);
        }
        let changes = self.state.lock().unwrap().changes;
        let began = self.now();
        let record = self.inner.find(id).await?;
        let began = if self.flaw == Flaw::AgesFromTheAnswer { self.now() } else { began };
        let mut state = self.state.lock().unwrap();
        let overtaken = state.changes != changes && self.flaw != Flaw::KeepsWhatWasOvertaken;
        if !overtaken && (record.is_some() || self.flaw == Flaw::KeepsUnknown) {
            state.kept.insert(id, Kept { record: record.clone(), began });
        }
        Ok(record)
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        if self.flaw == Flaw::ForgetsBeforeTheChange {
            self.forget();
            return self.inner.change(change).await;
        }
        let outcome = self.inner.change(change).await;
        if outcome.is_ok() || self.flaw != Flaw::ForgetsOnSuccess {
            self.forget();
        }
        outcome
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.inner.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.inner.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.inner.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.inner.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.inner.prune(ended_before, at_most).await
    }
}
