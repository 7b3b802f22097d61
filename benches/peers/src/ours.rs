//! This crate: a token in memory, or in a cache that has it.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use personal_tokens::store::{CachedStore, MemoryStore, TokenStore};
use personal_tokens::{Duration, NewToken, OwnerId, PersonalTokens, VerifiedToken};

use crate::holder::{Holder, SCOPE};
use crate::peer::{Limits, Peer};

const LIMITS: Limits =
    Limits { revocation: "at once", expiry: "per token, can be changed", comparison: "constant time, of SHA-256" };

/// With `MemoryStore`.
pub struct Memory(PersonalTokens);

/// With a `CachedStore`, warm.
pub struct Cached(PersonalTokens);

impl Peer for Memory {
    const NAME: &'static str = "personal-tokens, MemoryStore";
    const LIMITS: Limits = LIMITS;
    type Accepted = VerifiedToken;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let (tokens, issued) = issue(MemoryStore::new(), holders);
        (Self(tokens), issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<VerifiedToken> {
        ready(self.0.verify(presented))?.ok()
    }

    fn owner(accepted: &VerifiedToken) -> &str {
        accepted.owner().as_str()
    }

    fn allows(accepted: &VerifiedToken, scope: &str) -> bool {
        accepted.allows(scope)
    }
}

impl Peer for Cached {
    const NAME: &'static str = "personal-tokens, CachedStore";
    const LIMITS: Limits = LIMITS;
    type Accepted = VerifiedToken;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let (tokens, issued) = issue(CachedStore::new(MemoryStore::new()), holders);
        // The first look-up of each fills the cache.
        for token in &issued {
            ready(tokens.verify(token)).expect("a store in memory").expect("a good token");
        }
        (Self(tokens), issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<VerifiedToken> {
        ready(self.0.verify(presented))?.ok()
    }

    fn owner(accepted: &VerifiedToken) -> &str {
        accepted.owner().as_str()
    }

    fn allows(accepted: &VerifiedToken, scope: &str) -> bool {
        accepted.allows(scope)
    }
}

fn issue(store: impl TokenStore + 'static, holders: &[Holder]) -> (PersonalTokens, Vec<String>) {
    let tokens = PersonalTokens::builder(store).prefix("shop").scopes([SCOPE]).build().unwrap();
    let issued = holders.iter().map(|holder| {
        let owner = OwnerId::new(&holder.owner).unwrap();
        let new = NewToken::new(&owner, &holder.name).scopes([SCOPE]).expires_in(Duration::days(30));
        ready(tokens.issue(new)).expect("a store in memory").unwrap().token.expose().to_owned()
    });
    let issued = issued.collect();
    (tokens, issued)
}

/// A store in memory never waits: one poll is all of it, and no runtime is measured. Inlined, as `.await` is: a future that
/// is passed on is copied.
#[inline(always)]
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
