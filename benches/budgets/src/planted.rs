//! Slowdowns that the budgets must see.

use std::collections::hash_map::DefaultHasher;
use std::hash::BuildHasherDefault;
use std::pin::pin;
use std::sync::{Arc, Mutex, RwLock};
use std::task::{Context, Poll, Waker};

use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, Lookup, MemoryStore, Pruned, TokenStore, async_trait};
use personal_tokens::{Change, ChangeError, Changed, Duration, OwnerId, StoreError, Timestamp, TokenId, TokenRecord};

/// A `MemoryStore` whose look-ups go another way.
pub struct Slowed<F> {
    store: Arc<MemoryStore>,
    look_up: F,
}

pub fn as_it_is() -> impl TokenStore {
    Slowed::new(|store, id| store.find_cached(id))
}

pub fn locked() -> impl TokenStore {
    let lock = Mutex::new(());
    Slowed::new(move |store, id| {
        let _held = lock.lock();
        store.find_cached(id)
    })
}

pub fn read_locked() -> impl TokenStore {
    let lock = RwLock::new(());
    Slowed::new(move |store, id| {
        let _held = lock.read();
        store.find_cached(id)
    })
}

/// The map of `MemoryStore`, but for its hash. The records are put there by the first look-up of each.
pub fn sip_hashed() -> impl TokenStore {
    let map = papaya::HashMap::<TokenId, Arc<TokenRecord>, BuildHasherDefault<DefaultHasher>>::default();
    Slowed::new(move |store, id| {
        if let Some(record) = map.pin().get(&id) {
            return Lookup::Hit(Arc::clone(record));
        }
        if let Lookup::Hit(record) = store.find_cached(id) {
            map.pin().insert(id, record);
        }
        Lookup::Absent
    })
}

pub fn boxed() -> impl TokenStore {
    Slowed::new(|store, id| {
        let found = store.find(id);
        match pin!(found).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(Some(record))) => Lookup::Hit(record),
            _ => Lookup::Absent,
        }
    })
}

impl<F: Fn(&MemoryStore, TokenId) -> Lookup> Slowed<F> {
    fn new(look_up: F) -> Self {
        Self { store: Arc::new(MemoryStore::new()), look_up }
    }
}

#[async_trait]
impl<F: Fn(&MemoryStore, TokenId) -> Lookup + Send + Sync> TokenStore for Slowed<F> {
    fn find_cached(&self, id: TokenId) -> Lookup {
        (self.look_up)(&self.store, id)
    }

    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.store.find(id).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.store.change(change).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.store.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.store.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.store.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.store.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.store.prune(ended_before, at_most).await
    }
}
