//! A node with a cache over a store as far away as a database, and another node beside it that has none.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use personal_tokens::store::{CachedStore, CachedStoreBuilder, TokenStore};
use personal_tokens::{Issued, ManualClock, PersonalTokens, Rejection};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::remote_store::{Method, RemoteStore};
use super::{noon, rejection};

/// [`RemoteStore`], or what stands before it.
pub struct Cached<S = RemoteStore> {
    /// Behind the cache.
    pub store: RemoteStore,
    pub cache: Arc<CachedStore<S>>,
    pub tokens: PersonalTokens,
    /// Another node.
    pub elsewhere: PersonalTokens,
    pub clock: ManualClock,
}

type Build<S> = CachedStoreBuilder<S>;

/// With the defaults of the cache but for what the test says; its clock stands at noon.
pub fn cached(with: impl FnOnce(Build<RemoteStore>) -> Build<RemoteStore>) -> Cached {
    cached_over(|store| store, with)
}

/// The same over a store that stands before the remote one.
pub fn cached_over<S: TokenStore + 'static>(
    wrap: impl FnOnce(RemoteStore) -> S,
    with: impl FnOnce(Build<S>) -> Build<S>,
) -> Cached<S> {
    let (store, clock) = (RemoteStore::default(), ManualClock::new(noon()));
    let builder = CachedStore::builder(wrap(store.clone())).clock(clock.clone());
    let cache = Arc::new(with(builder).build());
    let (tokens, elsewhere) = (handle(Arc::clone(&cache), &clock), handle(store.clone(), &clock));
    Cached { store, cache, tokens, elsewhere, clock }
}

/// With the prefix `shop` and the scope `products:read`.
pub fn handle(store: impl TokenStore + 'static, clock: &ManualClock) -> PersonalTokens {
    let builder = PersonalTokens::builder(store).prefix("shop").scopes(["products:read"]).max_active_per_owner(None);
    builder.clock(clock.clone()).build().unwrap()
}

impl<S> Cached<S> {
    /// How often the store was asked for a record since this was asked last; other calls are forgotten too.
    pub fn finds(&self) -> usize {
        self.store.take_calls().into_iter().filter(|method| *method == Method::Find).count()
    }

    pub async fn verdict(&self, issued: &Issued) -> Option<Rejection> {
        patiently(rejection(&self.tokens, issued.token.expose())).await
    }

    /// A verification in a task of its own, which has come as far as it can.
    pub async fn begin(&self, issued: &Issued) -> JoinHandle<Option<Rejection>> {
        let (tokens, presented) = (self.tokens.clone(), issued.token.expose().to_owned());
        let verification = tokio::spawn(async move { patiently(rejection(&tokens, presented)).await });
        settle().await;
        verification
    }
}

async fn patiently<T>(verification: impl Future<Output = T>) -> T {
    timeout(StdDuration::from_secs(60), verification).await.expect("it hangs")
}

/// In a runtime of one thread: whatever can go on does.
pub async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}
