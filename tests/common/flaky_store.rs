//! A memory whose `touch` and `prune` fail or hang at will, and which remembers what they were given and when.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{Change, ChangeError, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord};
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mood {
    #[default]
    Works,
    Fails,
    FailsFromTheSecondCall,
    Hangs,
}

/// One of its methods.
pub struct Method<T> {
    mood: Mutex<Mood>,
    calls: Mutex<Vec<(Instant, T)>>,
}

#[derive(Default)]
pub struct FlakyStore {
    pub memory: MemoryStore,
    pub touch: Method<Vec<LastUse>>,
    pub prune: Method<(Timestamp, u32)>,
    /// What happens while a `touch` is under way.
    pub meanwhile: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl<T> Method<T> {
    /// From now on; what it was given before is forgotten.
    pub fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
        self.calls.lock().unwrap().clear();
    }

    /// What it was given since this was asked last.
    pub fn take_calls(&self) -> Vec<(Instant, T)> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    async fn call(&self, given: T) -> Result<(), StoreError> {
        let calls = {
            let mut calls = self.calls.lock().unwrap();
            calls.push((Instant::now(), given));
            calls.len()
        };
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fails => Err(StoreError::unavailable("planted")),
            Mood::FailsFromTheSecondCall if calls > 1 => Err(StoreError::unavailable("planted")),
            Mood::Hangs => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

impl FlakyStore {
    /// The uses that it was given since this was asked last, a batch each.
    pub fn take_uses(&self) -> Vec<Vec<LastUse>> {
        self.touch.take_calls().into_iter().map(|(_, uses)| uses).collect()
    }

    /// What is written, whatever waits for a flush.
    pub async fn last_used(&self, id: TokenId) -> Option<Timestamp> {
        self.memory.find(id).await.unwrap().unwrap().last_used
    }
}

impl<T> Default for Method<T> {
    fn default() -> Self {
        Self { mood: Mutex::default(), calls: Mutex::default() }
    }
}

#[async_trait]
impl TokenStore for FlakyStore {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.memory.find(id).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.memory.change(change).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.touch.call(uses.to_vec()).await?;
        if let Some(meanwhile) = self.meanwhile.get() {
            meanwhile();
        }
        self.memory.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.memory.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.prune.call((ended_before, at_most)).await?;
        self.memory.prune(ended_before, at_most).await
    }
}
