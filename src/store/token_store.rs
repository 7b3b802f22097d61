use std::sync::Arc;

use async_trait::async_trait;
use time::Duration;

use crate::record::{Change, Changed, OwnerId, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::{ChangeError, ExpiringQuery, LastUse, ListQuery, Pruned, StoreError};

/// What [`TokenStore::find_cached`] answers.
#[derive(Clone, Debug)]
#[must_use]
pub enum Lookup {
    /// The record, from memory.
    Hit(Arc<TokenRecord>),
    /// There is no token of this id.
    Absent,
    /// Not known without waiting: ask [`TokenStore::find`].
    Ask,
}

/// Where a host keeps its tokens.
///
/// A store keeps and finds; it does not judge. Whether a token is accepted says the one judge behind
/// [`PersonalTokens::verify`](crate::PersonalTokens::verify), whether a change is allowed says the rulebook
/// behind [`Change::decide`]. Every instant is an argument: no store asks its database for the time.
///
/// A failure is a [`StoreError`], never an empty answer: a row that cannot be read is an error, not a token
/// that does not exist.
///
/// # A whole store
///
/// All records in one `Vec` behind a lock: what a change needs is gathered, decided and written while the lock is held. A
/// database does the same in one transaction, serialised per owner. A whole store over one, step by step:
/// [`manual::your_own_store`](crate::manual::your_own_store) and `examples/custom_store.rs`.
///
/// ```
/// use std::sync::{Arc, Mutex, MutexGuard};
///
/// use async_trait::async_trait;
/// use personal_tokens::store::{Cursor, ExpiringQuery, LastUse, ListQuery, Pruned, TokenStore};
/// use personal_tokens::{
///     Change, ChangeError, ChangeRefused, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord,
/// };
///
/// #[derive(Default)]
/// struct VecStore(Mutex<Vec<TokenRecord>>);
///
/// impl VecStore {
///     fn records(&self) -> Result<MutexGuard<'_, Vec<TokenRecord>>, StoreError> {
///         self.0.lock().map_err(|_| StoreError::unavailable("a thread panicked in the store"))
///     }
/// }
///
/// #[async_trait]
/// impl TokenStore for VecStore {
///     async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
///         Ok(self.records()?.iter().find(|record| record.id == id).cloned().map(Arc::new))
///     }
///
///     async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
///         let mut records = self.records()?;
///         let view = change.needs().gather(records.iter());
///         let plan = change.decide(view)?;
///         if let Some(new) = plan.insert {
///             if records.iter().any(|record| record.id == new.id) {
///                 return Err(ChangeRefused::IdTaken.into());
///             }
///             records.push(new);
///         }
///         for new in plan.update {
///             for old in records.iter_mut().filter(|record| record.id == new.id) {
///                 *old = new.written_over(old);
///             }
///         }
///         Ok(plan.changed)
///     }
///
///     async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
///         let records = self.records()?;
///         let matching = records.iter().filter(|record| record.owner == *owner && query.matches(record, at));
///         let mut found: Vec<TokenRecord> = matching.cloned().collect();
///         found.sort_by_key(|record| std::cmp::Reverse(Cursor::in_list(record)));
///         found.truncate(query.limit.get() as usize);
///         Ok(found)
///     }
///
///     async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
///         for record in self.records()?.iter_mut() {
///             for used in uses.iter().filter(|used| used.id == record.id) {
///                 record.last_used = used.applied(record.last_used, resolution).or(record.last_used);
///             }
///         }
///         Ok(())
///     }
///
///     async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
///         let mut found: Vec<TokenRecord> = self.records()?.iter().filter(|r| query.matches(r)).cloned().collect();
///         found.sort_by_key(Cursor::in_expiring);
///         found.truncate(query.limit.get() as usize);
///         Ok(found)
///     }
///
///     async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
///         let mut records = self.records()?;
///         let claimed = records.iter_mut().find(|record| record.id == id && record.noticed == was);
///         Ok(claimed.map(|record| record.noticed = Some(at)).is_some())
///     }
///
///     async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
///         let mut pruned = Vec::new();
///         self.records()?.retain(|record| {
///             let full = pruned.len() >= at_most as usize;
///             let goes = !full && record.ended().is_some_and(|ended| ended < ended_before);
///             pruned.extend(goes.then(|| Pruned::new(record.id, record.owner.clone())));
///             !goes
///         });
///         Ok(pruned)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = personal_tokens::PersonalTokens::builder(VecStore::default()).prefix("shop").build()?;
/// let issued = tokens.issue(personal_tokens::NewToken::new("store-42", "sync")).await?;
/// assert!(tokens.verify(issued.token.expose()).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The record of this id, if memory can tell without waiting for anybody; else [`Lookup::Ask`], the
    /// default. It keeps the hot path free of allocation and locks.
    ///
    /// An answer may be as stale as the store states, with one exception: once a change made through this store
    /// has returned, no answer is older than that change.
    fn find_cached(&self, id: TokenId) -> Lookup {
        let _ = id;
        Lookup::Ask
    }

    /// The record of this id, whoever owns it and whatever its state: expired, revoked and rotated ones too.
    /// One read by primary key; writes nothing. As stale at most as [`find_cached`](Self::find_cached) may be.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails or holds something under this id that is no record.
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError>;

    /// Makes a change in one atomic step, serialised per owner: gather [`Change::needs`],
    /// [`Change::decide`], write the plan, commit, answer the plan's `changed`.
    ///
    /// - `update` writes name, scopes, expiry, `expiry_set`, revoked and rotated only, never `last_used` and
    ///   `noticed`. One that hits no row (pruned since) voids the plan: gather again.
    /// - `insert` must find its id free in the whole store; else nothing is written and the answer is
    ///   [`IdTaken`](crate::ChangeRefused::IdTaken).
    /// - A row that cannot be read keeps nobody from ending others: a revocation of another token of the owner goes on, and
    ///   so does revoke all, for those that can be read.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] as the rulebook says, with nothing written; [`ChangeError::Store`] if the store
    /// fails.
    async fn change(&self, change: &Change) -> Result<Changed, ChangeError>;

    /// The owner's record of this id; none if there is none or another owner has it. Never stale.
    ///
    /// The default asks [`find`](Self::find): right for a store whose `find` is never stale.
    ///
    /// # Errors
    /// [`StoreError`] as for `find`.
    async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        let found = self.find(id).await?;
        Ok(found.filter(|record| record.owner == *owner).map(Arc::unwrap_or_clone))
    }

    /// The owner's records that [`match`](ListQuery::matches) the query at the instant `at`: newest first (by
    /// `created`, then by id, both descending), at most `query.limit`. Never stale.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError>;

    /// Writes these uses, each as [`LastUse::applied`] says: only forward, only where the stored value is older than
    /// the resolution. It writes that one column and can never undo a change. It may skip rows that others hold. Ids
    /// that are gone are no error, nor are rows that cannot be read: one of them would keep the uses that are written
    /// with it from being written, time and again. No id stands there twice.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; the caller keeps the uses and tries again.
    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError>;

    /// The records that [`match`](ExpiringQuery::matches), over all owners: the soonest expiry first (then by
    /// id, both ascending), at most `query.limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError>;

    /// Sets `noticed` to `at` if it stands at `was`, and says whether it did: of many nodes one wins. False
    /// where there is no such token.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError>;

    /// Deletes at most `at_most` records that [`ended`](TokenRecord::ended) before the instant, and says
    /// which. What nothing ends is never deleted, nor is what was revived meanwhile. A row that cannot be read stays, and
    /// keeps no other from being deleted.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError>;
}
