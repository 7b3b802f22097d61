//! [`CachedStore`]: a bounded cache over any store.

mod age;
mod builder;
mod entry;
mod flights;
mod forgetting;
mod queues;
mod stats;
mod table;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use time::Duration;

use crate::fence::{Place, Version};
use crate::record::{Change, ChangeRefused, Changed, OwnerId, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::{ChangeError, ExpiringQuery, Invalidate, LastUse, ListQuery, Lookup, Pruned, StoreError, TokenStore};
use age::{Age, Moment};
use entry::Entry;
use flights::{Boarding, Flights, Found, Standing};
use forgetting::Forgetting;
use stats::Counters;
use table::Table;

pub use builder::CachedStoreBuilder;
pub use stats::CacheStats;

/// A bounded cache over any store: verifications of tokens in use ask no database. Feature `cache`.
///
/// ```
/// # #[cfg(feature = "memory")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use personal_tokens::PersonalTokens;
/// use personal_tokens::store::{CachedStore, MemoryStore};
///
/// // In place of `MemoryStore`: `PostgresStore`, `SqliteStore`, a store of your own.
/// let cached = CachedStore::builder(MemoryStore::new()).max_staleness(Duration::from_secs(10)).build();
/// let cached = Arc::new(cached);
/// let tokens = PersonalTokens::builder(Arc::clone(&cached)).prefix("shop").build()?;
/// assert_eq!(cached.stats().len, 0);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "memory"))]
/// # fn main() {}
/// ```
///
/// - **What was revoked here is refused here, at once.** Once a change made through this store has returned, has failed or
///   was cancelled, nothing that was read before it is answered, also where a look-up was under way meanwhile. Where a
///   change failed or was cancelled, it may yet be written: until [`max_staleness`](Self::max_staleness) later, but for no
///   more than a minute, nothing of that owner is kept.
/// - **What was revoked elsewhere is refused within `max_staleness`**, counted from the moment at which the store's read
///   began, by a clock that nobody sets, and never extended by a hit. (That clock may stand still while the machine is
///   suspended.) `Follower` makes it milliseconds with PostgreSQL, [`invalidate`](Self::invalidate) with any other bus.
/// - **What it keeps are records**, not verdicts: expiry, grace and the secret are judged at each verification. Of ids that no
///   token has it keeps nothing, so a new token works everywhere at once.
/// - It holds at most [`capacity`](CachedStoreBuilder::capacity) records. Which ones, S3-FIFO decides: what is asked for
///   once does not push out what is in use.
/// - Look-ups of one id at the same time are one. Of different ids, some run and some wait, and beyond that a look-up is
///   [`Unavailable`](StoreError::Unavailable), 503 at the guard: a flood of tokens that nobody issued takes neither the
///   memory nor the database's connections. A record that is held, and is only to be read again, does not stand behind it.
///
/// [`get`](TokenStore::get), [`list`](TokenStore::list) and all that is not on a request's path ask the inner store.
pub struct CachedStore<S> {
    shared: Arc<Shared<S>>,
}

/// How long at most nothing is kept for a change that failed or was cancelled: longer than stores give one to be written.
const LONGEST_QUIET: StdDuration = StdDuration::from_secs(60);
/// Each but the first is due to a change meanwhile.
const MAX_LOOKUPS: u32 = 8;

struct Shared<S> {
    inner: S,
    table: Table,
    forgetting: Forgetting,
    flights: Flights,
    counters: Counters,
    age: Age,
}

impl<S> CachedStore<S> {
    /// A cache over this store, with the builder's defaults.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self::builder(inner).build()
    }

    /// A cache over this store, otherwise than by default.
    pub fn builder(inner: S) -> CachedStoreBuilder<S> {
        CachedStoreBuilder::new(inner)
    }

    /// The store behind the cache. What is changed there directly, the cache does not learn of.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.shared.inner
    }

    /// How long at most a change that was made elsewhere goes unnoticed here.
    #[must_use]
    pub fn max_staleness(&self) -> StdDuration {
        self.shared.age.most()
    }

    /// How often it could answer, and how much it holds.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let (hits, misses) = self.shared.counters.read();
        CacheStats { hits, misses, len: self.shared.table.len(), capacity: self.shared.table.capacity() }
    }

    /// Forgets the record of this id: once it returns, no answer is older than this call.
    pub fn invalidate(&self, id: TokenId) {
        self.shared.forgetting.invalidate(id);
    }

    /// Forgets every record: once it returns, no answer is older than this call.
    pub fn invalidate_all(&self) {
        self.shared.forgetting.invalidate_all();
    }
}

impl<S: TokenStore + 'static> CachedStore<S> {
    fn kept(&self, id: TokenId) -> Option<Arc<TokenRecord>> {
        let kept = self.shared.kept(id)?;
        self.shared.counters.hit();
        Some(kept)
    }
}

// A method that fell back to its default here would ignore what the inner store does.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: TokenStore + 'static> TokenStore for CachedStore<S> {
    fn find_cached(&self, id: TokenId) -> Lookup {
        self.kept(id).map_or(Lookup::Ask, Lookup::Hit)
    }

    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        if let Some(record) = self.kept(id) {
            return Ok(Some(record));
        }
        self.shared.counters.miss();
        let shared = &self.shared;
        for _ in 0..MAX_LOOKUPS {
            let waiting = shared.flights.join(
                id,
                shared.standing(id),
                |read, began| shared.may_be_joined(read, began),
                |boarding| {
                    let shared = Arc::clone(shared);
                    async move { shared.look_up(id, boarding).await }
                },
            )?;
            let Found { record, read } = waiting.found().await?;
            // What was changed since it was read is read again.
            if record.as_ref().is_none_or(|record| shared.holds(record, read)) {
                return Ok(record);
            }
        }
        Err(StoreError::unavailable("the owner's tokens changed faster than the store answered"))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let mut raise = self.shared.raise_on_drop(change.owner());
        let outcome = self.shared.inner.change(change).await;
        raise.outcome = match outcome {
            Ok(_) => Outcome::Made,
            Err(ChangeError::Refused(ChangeRefused::Ended(_))) => Outcome::Ended(change.needs().target),
            Err(ChangeError::Refused(_)) => Outcome::Refused,
            Err(ChangeError::Store(_)) => Outcome::Unknown,
        };
        outcome
    }

    async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        self.shared.inner.get(owner, id).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.shared.inner.list(owner, query, at).await
    }

    /// Nothing is forgotten for it: what is kept may tell of earlier uses and notices, which no verdict depends on.
    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.shared.inner.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.shared.inner.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.shared.inner.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        let pruned = self.shared.inner.prune(ended_before, at_most).await?;
        pruned.iter().for_each(|pruned| self.invalidate(pruned.id));
        Ok(pruned)
    }
}

impl<S: Send + Sync> Invalidate for CachedStore<S> {
    fn invalidate(&self, id: TokenId) {
        self.invalidate(id);
    }

    fn invalidate_all(&self) {
        self.invalidate_all();
    }
}

impl<S> std::fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedStore")
            .field("max_staleness", &self.max_staleness())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl<S> Shared<S> {
    /// What is kept of it, if it was not changed since and is not too old.
    fn kept(&self, id: TokenId) -> Option<Arc<TokenRecord>> {
        let at_the_latest = self.age.at_the_latest();
        self.table.get(id, |entry| {
            let holds = self.forgetting.holds(id, entry.stamp.owner(), entry.stamp.read());
            (holds && self.age.allows(entry.began, at_the_latest)).then(|| entry.used())
        })
    }

    fn standing(&self, id: TokenId) -> Standing {
        if self.table.has(id) { Standing::Known } else { Standing::Stranger }
    }

    fn holds(&self, record: &TokenRecord, read: Version) -> bool {
        self.forgetting.holds(record.id, self.forgetting.owner(&record.owner), read)
    }

    fn keep(&self, id: TokenId, record: &Arc<TokenRecord>, read: Version, began: Moment) {
        let owner = self.forgetting.owner(&record.owner);
        if !self.forgetting.is_quiet(owner, began) {
            self.table.put(id, Entry::new(Arc::clone(record), read, began, owner));
        }
    }

    /// A look-up that began before another change, or too long ago, is none to rely on; nor is one that may have read
    /// what a change of unknown outcome has overwritten since: nobody knows yet whose token it is about.
    fn may_be_joined(&self, read: Version, began: Moment) -> bool {
        self.forgetting.now() == read
            && self.age.allows(began, self.age.now())
            && !self.forgetting.is_quiet_anywhere(began)
    }

    fn raise_on_drop(&self, owner: &OwnerId) -> Raise<'_, S> {
        Raise { shared: self, owner: self.forgetting.owner(owner), outcome: Outcome::Unknown }
    }
}

impl<S: TokenStore> Shared<S> {
    /// Asks the store once there is room, and keeps what it finds.
    async fn look_up(&self, id: TokenId, boarding: Boarding) -> Result<Found, StoreError> {
        let _turn = self.flights.turn(boarding.standing()).await?;
        // The version first: what is changed between the two is read.
        let (read, began) = boarding.take_off(|| (self.forgetting.now(), self.age.now()));
        let record = self.inner.find(id).await?;
        if let Some(record) = &record {
            self.keep(id, record, read, began);
        }
        Ok(Found { record, read })
    }
}

/// Has everything of an owner forgotten when dropped, however the change ended.
struct Raise<'s, S> {
    shared: &'s Shared<S>,
    owner: Place,
    outcome: Outcome,
}

enum Outcome {
    /// It failed or was cancelled: it may be written later, and nobody will say when.
    Unknown,
    Made,
    /// Nothing was written; but the owner's token that it was about may be remembered as one that has not ended.
    Ended(Option<TokenId>),
    /// Nothing was written: nobody takes tokens out of memory by asking for nonsense.
    Refused,
}

impl<S> Drop for Raise<'_, S> {
    fn drop(&mut self) {
        let Shared { forgetting, age, .. } = self.shared;
        match self.outcome {
            Outcome::Unknown => {
                let quiet = LONGEST_QUIET.min(age.most());
                forgetting.keep_nothing_until(self.owner, age.now().after(quiet));
                forgetting.forget_owner(self.owner);
            }
            Outcome::Made => forgetting.forget_owner(self.owner),
            Outcome::Ended(target) => target.into_iter().for_each(|id| forgetting.invalidate(id)),
            Outcome::Refused => {}
        }
    }
}
