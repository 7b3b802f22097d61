//! A store behind a pointer is a store.

use std::sync::Arc;

use async_trait::async_trait;
use time::Duration;

use crate::record::{Change, Changed, OwnerId, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::{ChangeError, ExpiringQuery, LastUse, ListQuery, Lookup, Pruned, StoreError, TokenStore};

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        // A method that fell back to its default here would ignore what the inner store does.
        #[deny(clippy::missing_trait_methods)]
        #[async_trait]
        impl<T: TokenStore + ?Sized> TokenStore for $pointer {
            fn find_cached(&self, id: TokenId) -> Lookup {
                (**self).find_cached(id)
            }

            async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
                (**self).find(id).await
            }

            async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
                (**self).change(change).await
            }

            async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
                (**self).get(owner, id).await
            }

            async fn list(
                &self,
                owner: &OwnerId,
                query: &ListQuery,
                at: Timestamp,
            ) -> Result<Vec<TokenRecord>, StoreError> {
                (**self).list(owner, query, at).await
            }

            async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
                (**self).touch(uses, resolution).await
            }

            async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
                (**self).expiring(query).await
            }

            async fn claim_notice(
                &self,
                id: TokenId,
                was: Option<Timestamp>,
                at: Timestamp,
            ) -> Result<bool, StoreError> {
                (**self).claim_notice(id, was, at).await
            }

            async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
                (**self).prune(ended_before, at_most).await
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>, &T);
