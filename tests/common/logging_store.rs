//! A store that logs what it is given, and what it answers.

use std::sync::Arc;

use async_trait::async_trait;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, Lookup, Pruned, TokenStore};
use personal_tokens::{Change, ChangeError, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord};

use super::trail::Trail;

pub struct LoggingStore<S>(pub S, pub Trail);

#[async_trait]
impl<S: TokenStore> TokenStore for LoggingStore<S> {
    fn find_cached(&self, id: TokenId) -> Lookup {
        let found = self.0.find_cached(id);
        self.1.show(&id).show(&found);
        found
    }

    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.1.show(&id).answer(self.0.find(id).await)
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.1.show(change).show(&change.needs()).answer(self.0.change(change).await)
    }

    async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        self.1.show(owner).show(&id).answer(self.0.get(owner, id).await)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.1.show(query).answer(self.0.list(owner, query, at).await)
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.1.show(uses).answer(self.0.touch(uses, resolution).await)
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.1.show(query).answer(self.0.expiring(query).await)
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.1.answer(self.0.claim_notice(id, was, at).await)
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.1.answer(self.0.prune(ended_before, at_most).await)
    }
}
