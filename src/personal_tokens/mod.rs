//! The handle: everything that a host does with tokens.

mod answer;
mod builder;
mod error;
mod fence;
mod housekeeping;
#[cfg(feature = "tokio")]
mod maintain;
mod manage;
mod notices;
mod observer;
mod request;
mod trace;
mod verify;

use std::fmt;
use std::sync::Arc;

use time::Duration;

use crate::clock::Clock;
use crate::record::{Actor, Policy, Scopes};
use crate::store::{StoreError, TokenStore};
use crate::timestamp::Timestamp;
use crate::token::TokenPrefix;
use crate::usage::Usage;

use fence::Fence;

pub use answer::{Issued, Page};
pub use builder::{BuildError, Builder};
pub use error::VerifyError;
pub use notices::Notice;
pub use observer::Observer;
pub use request::{NewToken, Rotation, TokenChange};
#[cfg(all(feature = "tower", feature = "tracing"))]
pub(crate) use trace::TARGET;
#[cfg(feature = "tower")]
pub(crate) use verify::{Begun, Failed};

/// The handle that a host holds: it issues, verifies, lists, changes and revokes tokens.
///
/// Cheap to clone (a reference count or three) and not generic, so it goes into any application state. All its
/// methods take `&self`; the futures may be dropped at any point: a change is then made whole or not at all.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use personal_tokens::store::{ListQuery, MemoryStore};
/// use personal_tokens::{Duration, Expiry, NewToken, OwnerId, PersonalTokens, Rotation, TokenChange};
///
/// let tokens = PersonalTokens::builder(MemoryStore::new())
///     .prefix("shop")
///     .scopes(["products:read", "products:write"])
///     .build()?;
///
/// let owner = OwnerId::new("store-42")?;
/// let new = NewToken::new(&owner, "Shopify sync").scopes(["products:read"]).expires_in(Duration::days(30));
/// let issued = tokens.issue(new).await?;
/// let id = issued.record.id;
///
/// let verified = tokens.verify(issued.token.expose()).await?;
/// assert!(verified.allows("products:read"));
///
/// tokens.update(&owner, id, TokenChange::new().expiry(Expiry::Never)).await?;
/// let successor = tokens.rotate(&owner, id, Rotation::new().grace(Duration::hours(24))).await?;
/// tokens.revoke(&owner, successor.record.id).await?;
/// assert!(tokens.list(&owner, ListQuery::active()).await?.tokens.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PersonalTokens {
    inner: Arc<Inner>,
    actor: Option<Actor>,
    grantable: Option<Arc<Scopes>>,
}

struct Inner {
    store: Arc<dyn TokenStore>,
    /// The prefix of new tokens first, then the former ones.
    prefixes: Box<[TokenPrefix]>,
    prefix: TokenPrefix,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
    /// Of the clock's coarse answers, in microseconds.
    lag: i64,
    usage: Usage,
    flush_interval: Duration,
    retention: Option<Duration>,
    observers: Box<[Box<dyn Observer>]>,
    fence: Fence,
}

impl PersonalTokens {
    /// Begins a handle over this store. It needs a [`prefix`](Builder::prefix) at least.
    pub fn builder(store: impl TokenStore + 'static) -> Builder {
        Builder::new(Arc::new(store))
    }

    /// What this handle allows.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// The same handle for a person who is not plain from the owner (an administrator, say): what is issued and changed
    /// through it is [told](Observer) as done by this actor, and `created_by` says so where no other is given.
    #[must_use]
    pub fn by(&self, actor: Actor) -> Self {
        Self { actor: Some(actor), ..self.clone() }
    }

    /// The same handle for a person who may grant only these scopes. Through it no token with a scope beyond them is issued
    /// or rotated, nor by an update given a scope or a longer life: a person never gets hold of more than they have. To
    /// rename, to narrow, to shorten and to revoke a token they need not have its scopes. Judged in the same atomic step
    /// that writes the change. Said twice, it grants what both allow.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use personal_tokens::store::MemoryStore;
    /// use personal_tokens::{NewToken, PersonalTokens, Scopes};
    ///
    /// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").scopes(["read", "write"]).build()?;
    /// let clerk = tokens.granting(Scopes::new(["read"])?);
    /// assert!(clerk.issue(NewToken::new("store-42", "Reader").scopes(["read"])).await.is_ok());
    /// assert!(clerk.issue(NewToken::new("store-42", "Writer").scopes(["write"])).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn granting(&self, grantable: Scopes) -> Self {
        let grantable = match &self.grantable {
            Some(already) => already.common_with(&grantable),
            None => grantable,
        };
        Self { grantable: Some(Arc::new(grantable)), ..self.clone() }
    }

    /// A clock out of range is our side's failure: there is no instant to judge by.
    pub(crate) fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.clock.now().map_err(StoreError::unavailable)
    }
}

impl fmt::Debug for PersonalTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalTokens")
            .field("prefixes", &self.inner.prefixes)
            .field("policy", &self.inner.policy)
            .finish_non_exhaustive()
    }
}
