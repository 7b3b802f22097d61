//! A store that takes no memory, and answers a record of its own each time, as a database does.

use std::sync::Arc;

use personal_tokens::store::{
    ChangeError, ExpiringQuery, LastUse, ListQuery, Pruned, StoreError, TokenStore, async_trait,
};
use personal_tokens::{Change, Changed, Duration, OwnerId, Timestamp, TokenId, TokenRecord};

use crate::numbered;

/// As many tokens, ten an owner, made when they are asked for.
pub struct Computed {
    pub tokens: u64,
    /// How many microseconds after the first this one of so many was created.
    pub created: fn(u64, u64) -> u64,
}

#[async_trait]
impl TokenStore for Computed {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        let n = number(id);
        Ok((n < self.tokens).then(|| Arc::new(numbered::record(n, 10, (self.created)(n, self.tokens)))))
    }

    async fn change(&self, _: &Change) -> Result<Changed, ChangeError> {
        Err(StoreError::unavailable("nothing is changed here").into())
    }

    async fn list(&self, _: &OwnerId, _: &ListQuery, _: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn touch(&self, _: &[LastUse], _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn expiring(&self, _: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn claim_notice(&self, _: TokenId, _: Option<Timestamp>, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn prune(&self, _: Timestamp, _: u32) -> Result<Vec<Pruned>, StoreError> {
        Ok(Vec::new())
    }
}

fn number(id: TokenId) -> u64 {
    // SPREAD's inverse modulo 2⁶⁴.
    let spread = id.as_bytes()[4..].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    u64::wrapping_mul(spread, 0xF1DE_83E1_9937_733D)
}
