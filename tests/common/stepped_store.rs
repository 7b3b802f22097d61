//! A store whose look-ups stop once they have read, and go on one by one, as the test says.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, Pruned, TokenStore};
use personal_tokens::{Change, ChangeError, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord};
use tokio::sync::oneshot;

use super::remote_store::RemoteStore;

pub struct SteppedStore {
    inner: RemoteStore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    holds: bool,
    held: Vec<HeldFind>,
    /// What look-ups answer once they go on, in place of what they read.
    error: Option<fn() -> StoreError>,
}

/// A look-up that has read and is not yet answered. It goes on once this is dropped.
pub struct HeldFind {
    pub id: TokenId,
    go: oneshot::Sender<()>,
}

impl SteppedStore {
    pub fn over(inner: RemoteStore) -> Self {
        Self { inner, state: Mutex::default() }
    }

    /// From now on look-ups stop.
    pub fn hold(&self) {
        self.state.lock().unwrap().holds = true;
    }

    /// Those that have stopped since this was asked last, in the order in which they read.
    pub fn held(&self) -> Vec<HeldFind> {
        std::mem::take(&mut self.state.lock().unwrap().held)
    }

    /// The only one.
    pub fn held_one(&self) -> HeldFind {
        let mut held = self.held();
        assert_eq!(held.len(), 1, "look-ups that ask the store");
        held.remove(0)
    }

    /// None stops any more, and those that have go on.
    pub fn let_go(&self) {
        let mut state = self.state.lock().unwrap();
        state.holds = false;
        state.held.clear();
    }

    pub fn fail(&self, error: fn() -> StoreError) {
        self.state.lock().unwrap().error = Some(error);
    }

    pub fn work(&self) {
        self.state.lock().unwrap().error = None;
    }

    fn stop(&self, id: TokenId) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state.lock().unwrap();
        let (go, gone_on) = oneshot::channel();
        let holds = state.holds;
        holds.then(|| {
            state.held.push(HeldFind { id, go });
            gone_on
        })
    }
}

impl HeldFind {
    /// Whether nobody waits for it any more.
    pub fn is_cancelled(&self) -> bool {
        self.go.is_closed()
    }
}

#[async_trait]
impl TokenStore for SteppedStore {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        let found = self.inner.find(id).await;
        if let Some(gone_on) = self.stop(id) {
            _ = gone_on.await;
        }
        let error = self.state.lock().unwrap().error;
        error.map_or(found, |error| Err(error()))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.inner.change(change).await
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
