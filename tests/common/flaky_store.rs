//! A memory whose `touch` and `prune` fail, hang or take time at will, and which remembers what they were given and when.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{Change, ChangeError, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord};
use tokio::time::{Instant, sleep};

use super::remote_store::Fault;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mood {
    #[default]
    Works,
    Fails,
    FailsFromTheSecondCall,
    /// The second call fails, in this way.
    FailsOnce(Fault),
    Hangs,
    HangsFromTheThirdCall,
    /// Each call.
    Takes(StdDuration),
    /// It says that all is done, and does nothing.
    Skips,
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
    /// What happens after it read records (or wrote a change), before it answers.
    pub before_the_answer: OnceLock<Box<dyn Fn() + Send + Sync>>,
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

    /// Whether it is to be done.
    async fn call(&self, given: T) -> Result<bool, StoreError> {
        let calls = {
            let mut calls = self.calls.lock().unwrap();
            calls.push((Instant::now(), given));
            calls.len()
        };
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fails => Err(StoreError::unavailable("planted")),
            Mood::FailsFromTheSecondCall if calls > 1 => Err(StoreError::unavailable("planted")),
            Mood::FailsOnce(fault) if calls == 2 => Err(fault.error()),
            Mood::Hangs => std::future::pending().await,
            Mood::HangsFromTheThirdCall if calls > 2 => std::future::pending().await,
            Mood::Takes(span) => {
                sleep(span).await;
                Ok(true)
            }
            mood => Ok(mood != Mood::Skips),
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

    fn answer<T>(&self, answer: T) -> T {
        if let Some(before) = self.before_the_answer.get() {
            before();
        }
        answer
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
        self.answer(self.memory.find(id).await)
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.answer(self.memory.change(change).await)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.answer(self.memory.list(owner, query, at).await)
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        let done = self.touch.call(uses.to_vec()).await?;
        if let Some(meanwhile) = self.meanwhile.get() {
            meanwhile();
        }
        if done { self.memory.touch(uses, resolution).await } else { Ok(()) }
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.answer(self.memory.expiring(query).await)
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.memory.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        let done = self.prune.call((ended_before, at_most)).await?;
        if done { self.memory.prune(ended_before, at_most).await } else { Ok(Vec::new()) }
    }
}
