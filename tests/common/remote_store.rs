//! A store as far away as a database: it answers `Ask`, it can be slow, and it can fail.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{Change, ChangeError, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Find,
    Change,
    Get,
    List,
    Touch,
    Expiring,
    ClaimNotice,
    Prune,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Unavailable,
    Corrupt,
    TimedOut,
    /// What was asked is done, and the answer lost.
    AnswerLost,
}

impl Method {
    pub const ALL: [Self; 8] =
        [Self::Find, Self::Change, Self::Get, Self::List, Self::Touch, Self::Expiring, Self::ClaimNotice, Self::Prune];
}

impl Fault {
    /// Those after which nothing is done.
    pub const BEFORE: [Self; 3] = [Self::Unavailable, Self::Corrupt, Self::TimedOut];

    pub fn error(self) -> StoreError {
        match self {
            Self::Unavailable => StoreError::unavailable("planted"),
            Self::Corrupt => StoreError::corrupt("planted"),
            Self::TimedOut | Self::AnswerLost => StoreError::timed_out("planted"),
        }
    }

    pub fn made(self, error: &StoreError) -> bool {
        std::mem::discriminant(error) == std::mem::discriminant(&self.error())
    }
}

/// Clones are one store.
#[derive(Clone, Default)]
pub struct RemoteStore {
    kept: Arc<MemoryStore>,
    fault: Arc<Mutex<Option<(Method, Fault)>>>,
    calls: Arc<Mutex<Vec<Method>>>,
    gate: Arc<RwLock<()>>,
    change_gate: Arc<RwLock<()>>,
}

impl RemoteStore {
    /// From now on this method fails, and no other.
    pub fn fail(&self, method: Method, fault: Fault) {
        *self.fault.lock().unwrap() = Some((method, fault));
    }

    pub fn work(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// A `find` has read its row, and answers (or fails) once the guard is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.gate).write_owned().await
    }

    /// The same for a `change`: it is written, and not yet answered.
    pub async fn hold_changes(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.change_gate).write_owned().await
    }

    /// The methods that were called since this was asked last.
    pub fn take_calls(&self) -> Vec<Method> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// All that it keeps of these owners, and nothing is kept of others.
    pub async fn rows(&self, owners: &[OwnerId]) -> Vec<TokenRecord> {
        let mut rows = Vec::new();
        for owner in owners {
            let all = ListQuery::all().limit(u32::MAX);
            rows.extend(self.kept.list(owner, &all, Timestamp::UNIX_EPOCH).await.unwrap());
        }
        assert_eq!(rows.len(), self.kept.len());
        rows
    }

    async fn answer<T, E: From<StoreError>>(
        &self,
        method: Method,
        inner: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        self.calls.lock().unwrap().push(method);
        let fault = || self.fault.lock().unwrap().filter(|(at, _)| *at == method).map(|(_, fault)| fault);
        if let Some(fault) = fault().filter(|fault| *fault != Fault::AnswerLost && method != Method::Find) {
            return Err(fault.error().into());
        }
        let answer = inner.await;
        match method {
            Method::Find => drop(self.gate.read().await),
            Method::Change => drop(self.change_gate.read().await),
            _ => {}
        }
        match fault() {
            Some(fault) => Err(fault.error().into()),
            None => answer,
        }
    }
}

#[async_trait]
impl TokenStore for RemoteStore {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.answer(Method::Find, self.kept.find(id)).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.answer(Method::Change, self.kept.change(change)).await
    }

    async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        self.answer(Method::Get, self.kept.get(owner, id)).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.answer(Method::List, self.kept.list(owner, query, at)).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.answer(Method::Touch, self.kept.touch(uses, resolution)).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.answer(Method::Expiring, self.kept.expiring(query)).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.answer(Method::ClaimNotice, self.kept.claim_notice(id, was, at)).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.answer(Method::Prune, self.kept.prune(ended_before, at_most)).await
    }
}
